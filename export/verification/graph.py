"""Logits of a model folder's graph for whole trials, run as the contract says."""

import numpy as np
from numpy.typing import NDArray

from export.parity import CHUNK_TOKENS, LogitsGraph
from export.verification.trial import Trial


def graph_logits(graph: LogitsGraph, trial: Trial) -> NDArray[np.float32]:
    """(rows, kept vocabulary) logits at the trial's rows.

    A bidirectional model runs the text as one pass, a block-causal one block by block behind its
    cache, a causal one in chunks behind its cache: what later passes do, too, is compared.
    """
    block = graph.manifest.block_length or CHUNK_TOKENS
    step = len(trial.ids) if graph.manifest.attention == "bidirectional" else block
    logits = np.concatenate(list(graph.run(trial.ids.tolist(), step)))
    return logits[trial.rows]
