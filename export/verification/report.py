"""Compares a model folder with a checkpoint on real text, and writes the figures into its manifest."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.parity import LogitsGraph
from export.verification.graph import graph_logits
from export.verification.reference import Reference
from export.verification.trial import trials
from runtime.errors import UsageError
from runtime.manifest import Manifest, save_manifest, verify_files
from runtime.tokenizer import Tokenizer

Progress = Callable[[str, float], None]

EXACT_ERROR = 1e-3
"""The most that float32 logits may differ by: rounding of real models' large sums stays well below it."""

HALF_ERROR = 0.25
"""The same for float16, whose logits of magnitude 16 to 32 are a sixty-fourth apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How far a graph is from its checkpoint. Errors are of logits, over the graph's vocabulary."""

    tokens: int
    """Answers compared."""
    max_error: float
    mean_error: float
    top1_agreement: float
    """Share of answers on which both name the same token."""
    perplexity: float
    """exp of the graph's mean loss on the tokens that stand there."""
    reference_perplexity: float
    outside_vocabulary: int
    """Tokens that the graph can't answer with, left out of both perplexities."""
    quantization: str
    same_checkpoint: bool
    """Whether the weights compared with are, by their SHA-256, those the graph was made from."""
    sha256: str
    """Of those weights."""

    @property
    def ok(self) -> bool:
        """Whether the graph computes what the checkpoint does, as exactly as its numbers allow.

        A quantised graph is near, not equal; how near is for the figures to tell.
        """
        limit = {"none": EXACT_ERROR, "fp16": HALF_ERROR}.get(self.quantization)
        return limit is None or self.max_error <= limit

    def as_dict(self) -> dict[str, Any]:
        """For JSON and for the manifest."""
        return asdict(self) | {"ok": self.ok}


def verify(
    folder: Path,
    reference: Callable[[Manifest], Reference],
    sha256: str,
    texts: Sequence[str],
    *,
    tokens: int = 1024,
    seed: int = 0,
    progress: Progress,
) -> Report:
    """Compare the graph in `folder` with a checkpoint and store the report in the manifest.

    Args:
        folder: the model folder.
        reference: makes the checkpoint's side, given the folder's manifest.
        sha256: of the checkpoint's weights.
        texts: what to compare on.
        tokens: how many answers to compare.
        seed: of the masks' places.
        progress: told each stage and how much of it is done.

    Raises:
        ManifestError, ModelFileError: the folder is no whole model folder, or the checkpoint can't be read.
        RuntimeSetupError: torch or ONNX Runtime is missing.
        UsageError: the texts are too short, or the checkpoint is of another vocabulary.
    """
    graph = LogitsGraph(folder)
    manifest = graph.manifest
    verify_files(folder, manifest, thorough=True)
    asked = list(trials(manifest, Tokenizer(folder / "tokenizer.json"), texts, tokens=tokens, seed=seed))
    ours: list[NDArray[np.float32]] = []
    for number, trial in enumerate(asked):
        progress("Running the graph", number / len(asked))
        ours.append(graph_logits(graph, trial))
    kept = graph.vocabulary
    del graph
    theirs = reference(manifest).logits(asked, lambda done: progress("Running the checkpoint", done))
    if theirs[0].shape[1] <= kept.max():
        raise UsageError(
            f"{folder} answers with token {kept.max()}, which the checkpoint's vocabulary of "
            f"{theirs[0].shape[1]:,} lacks: it was made from another one."
        )
    mine, other = np.concatenate(ours), np.concatenate(theirs)[:, kept]
    targets = np.concatenate([trial.targets for trial in asked])
    error = np.abs(mine - other)
    columns = np.minimum(np.searchsorted(kept, targets), len(kept) - 1)
    known = kept[columns] == targets
    report = Report(
        tokens=len(mine),
        max_error=float(error.max()),
        mean_error=float(error.mean(dtype=np.float64)),
        top1_agreement=float((mine.argmax(axis=1) == other.argmax(axis=1)).mean()),
        perplexity=_perplexity(mine, columns, known),
        reference_perplexity=_perplexity(other, columns, known),
        outside_vocabulary=int((~known).sum()),
        quantization=manifest.quantization,
        same_checkpoint=sha256 == manifest.source.sha256,
        sha256=sha256,
    )
    save_manifest(replace(manifest, parity=manifest.parity | {"verified": report.as_dict()}), folder)
    return report


def _perplexity(logits: NDArray[np.float32], columns: NDArray[np.int64], known: NDArray[np.bool_]) -> float:
    if not known.any():
        return float("nan")
    rows = logits[known].astype(np.float64)
    highest = rows.max(axis=1, keepdims=True)
    total = np.log(np.exp(rows - highest).sum(axis=1)) + highest[:, 0]
    return float(np.exp((total - rows[np.arange(len(rows)), columns[known]]).mean()))
