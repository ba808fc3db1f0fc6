"""How far a model folder's graph is from another one's on real text: top-1 agreement and loss.

Runs one graph at a time in short chunks, so that memory holds one model and a few megabytes of
logits. Knows model folders; knows nothing of prompts, and needs no torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from runtime.errors import UsageError
from runtime.manifest import load_manifest
from runtime.providers import load_onnxruntime
from runtime.tokenizer import Tokenizer

WINDOW_TOKENS = 512
"""Tokens of one text that are run behind each other."""

CHUNK_TOKENS = 64
LOGITS = "logits"


class LogitsGraph:
    """A model folder's graph with the head's logits as an extra output."""

    def __init__(self, folder: Path) -> None:
        """Load the graph in `folder`.

        Raises:
            ManifestError: `folder` is not a model folder.
            RuntimeSetupError: ONNX Runtime is missing.
            UsageError: the graph has no sampling head.
        """
        self.manifest = load_manifest(folder)
        model = ir.load(folder / self.manifest.graph.file)
        _expose_logits(model)
        self.vocabulary = _vocabulary(model, self.manifest.graph.vocabulary_size)
        onnxruntime = load_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
        graph = ir.serde.serialize_model(model).SerializeToString()
        self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def run(self, ids: Sequence[int], step: int = CHUNK_TOKENS) -> Iterator[NDArray[np.float32]]:
        """Logits (chunk, vocabulary) of chunks of `step` of `ids`, each seeing those before it.

        A graph without a cache sees one chunk alone: `step` must cover all of `ids`.
        """
        shape = self.manifest.cache
        if shape is None:
            assert step >= len(ids), "without a cache a text is one pass"
            (logits,) = self._session.run([LOGITS], {"input_ids": np.asarray(ids, np.int64)})
            yield logits
            return
        names = [f"{part}_{layer}" for layer in range(shape.layers) for part in ("key", "value")]
        empty = np.zeros((1, shape.kv_heads, len(ids), shape.head_size), shape.dtype)
        cache = dict.fromkeys(names, empty)
        for start in range(0, len(ids), step):
            chunk = np.asarray(ids[start : start + step], np.int64)
            feeds = {
                "input_ids": chunk,
                "position_ids": np.arange(start, start + len(chunk), dtype=np.int64),
                "past_length": np.array(start, np.int64),
                **{f"past_{name}": value for name, value in cache.items()},
            }
            if self.manifest.graph.adapter:
                feeds["adapter_gate"] = np.zeros(len(chunk), np.float32)
            logits, *present = self._session.run([LOGITS, *(f"present_{name}" for name in names)], feeds)
            cache = dict(zip(names, present, strict=True))
            yield logits


def _expose_logits(model: ir.Model) -> None:
    if any(output.name == LOGITS for output in model.graph.outputs):
        return
    heads = [node for node in model.graph if node.op_type == "TopK"]
    if len(heads) != 1 or heads[0].inputs[0] is None:
        raise UsageError("The graph has no sampling head that logits could be read from.")
    logits = heads[0].inputs[0]
    logits.name = LOGITS
    logits.type, logits.shape = ir.TensorType(ir.DataType.FLOAT), ir.Shape(["predicted", "vocabulary"])
    model.graph.outputs.append(logits)


def _vocabulary(model: ir.Model, size: int) -> NDArray[np.int32]:
    """The token id of each column of the logits."""
    kept = model.graph.initializers.get("head_ids")
    if kept is None or kept.const_value is None:
        return np.arange(size, dtype=np.int32)
    return np.array(kept.const_value.numpy(), np.int32)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a graph says about each token of a text, given those before it."""

    top_ids: NDArray[np.int32]
    """(tokens,) the likeliest token."""
    logprobs: NDArray[np.float64]
    """(tokens,) of the token that stands there, over `vocabulary`; NaN where that lacks it."""


def score(
    graph: LogitsGraph, windows: Sequence[Sequence[int]], vocabulary: NDArray[np.int32] | None = None
) -> Scores:
    """Score every token but the first of each window.

    The log-probabilities are over `vocabulary`, which the graph's own must contain; over its own by
    default.
    """
    known = graph.vocabulary if vocabulary is None else vocabulary
    columns = np.searchsorted(graph.vocabulary, known)
    top_ids: list[NDArray[np.int32]] = []
    logprobs: list[NDArray[np.float64]] = []
    for ids in windows:
        targets = np.asarray(ids[1:], np.int32)
        for logits in graph.run(ids[:-1]):
            here, targets = targets[: len(logits)], targets[len(logits) :]
            top_ids.append(graph.vocabulary[logits.argmax(axis=-1)])
            logprobs.append(_logprobs(logits[:, columns], known, here))
    return Scores(np.concatenate(top_ids), np.concatenate(logprobs))


def _logprobs(
    logits: NDArray[np.float32], vocabulary: NDArray[np.int32], targets: NDArray[np.int32]
) -> NDArray[np.float64]:
    highest = logits.max(axis=-1, keepdims=True)
    total = np.log(np.exp(logits - highest).sum(axis=-1, dtype=np.float64)) + highest[:, 0]
    places = np.minimum(np.searchsorted(vocabulary, targets), len(vocabulary) - 1)
    found = logits[np.arange(len(targets)), places].astype(np.float64) - total
    return np.where(vocabulary[places] == targets, found, np.nan)


def parity_report(
    folder: Path, reference_folder: Path, texts: Sequence[str], *, tokens: int = 2000
) -> dict[str, Any]:
    """Compare the graph in `folder` with the one in `reference_folder` on `tokens` tokens of `texts`.

    `top1_agreement` counts a reference answer that the folder's vocabulary lacks as a disagreement.
    Both losses are means over the tokens which that vocabulary has, and over it alone, so that their
    difference is the quantisation's and not the vocabulary's.

    Raises:
        ManifestError, RuntimeSetupError, UsageError: see `LogitsGraph`; or the texts are too short.
    """
    windows = _windows(Tokenizer(folder / "tokenizer.json"), texts, tokens)
    graph = LogitsGraph(folder)
    vocabulary = graph.vocabulary
    ours = score(graph, windows)
    del graph
    reference = LogitsGraph(reference_folder)
    if not np.isin(vocabulary, reference.vocabulary).all():
        raise UsageError(f"{reference_folder} lacks tokens that {folder} has; it can't be the reference.")
    theirs = score(reference, windows, vocabulary)
    known = ~np.isnan(ours.logprobs)
    if not known.any():
        raise UsageError(f"No token of the texts is in the vocabulary of {folder}.")
    loss, reference_loss = -float(ours.logprobs[known].mean()), -float(theirs.logprobs[known].mean())
    return {
        "tokens": len(ours.top_ids),
        "top1_agreement": float((ours.top_ids == theirs.top_ids).mean()),
        "loss": loss,
        "reference_loss": reference_loss,
        "loss_relative_difference": loss / reference_loss - 1,
        "tokens_outside_vocabulary": int((~known).sum()),
        "reference_quantization": reference.manifest.quantization,
    }


def _windows(tokenizer: Tokenizer, texts: Sequence[str], tokens: int) -> list[list[int]]:
    """Runs of up to `WINDOW_TOKENS` from the middle of each text in turn, `tokens` predictions in all."""
    windows: list[list[int]] = []
    left = tokens
    for text in texts:
        ids = tokenizer.encode(text)
        middle = len(ids) // 3
        window = ids[middle : middle + min(left, WINDOW_TOKENS) + 1]
        if len(window) > 1:
            windows.append(window)
            left -= len(window) - 1
        if left == 0:
            return windows
    raise UsageError(f"The texts are too short to compare graphs on {tokens:,} tokens of them.")
