"""Both ends of the vocabulary: token embedding, and the sampling head inside the graph."""

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from export.decoder import Array
from export.graph.linear import Activation, FloatLinear, LinearFormat
from export.graph.writer import GraphWriter
from export.quantize.slices import slices


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadFormat:
    """How tokens are embedded and predicted."""

    linear: LinearFormat
    top_k: int
    kept_ids: NDArray[np.int32] | None
    """Ids the head can answer with, ascending; None for all of them."""
    debug_logits: bool = False
    """Also output the logits themselves, for parity tests."""

    def embed(
        self, graph: GraphWriter, table: Array, input_ids: ir.Value, float_type: type[np.floating]
    ) -> ir.Value:
        """(tokens, width) of input_ids. 8-bit rows where the linear layers are quantised."""
        if isinstance(self.linear, FloatLinear):
            return graph.op(
                "Gather", graph.weight("embedding", table.astype(float_type, copy=False)), input_ids, axis=0
            )
        scale = np.empty((len(table), 1), np.float32)
        integers = np.empty(table.shape, np.int8)
        for part in slices(len(table), table.shape[1]):
            rows = table[part]
            scale[part] = np.maximum(np.abs(rows).max(axis=1, keepdims=True) / 127, 1e-30)
            integers[part] = np.rint(rows / scale[part])
        found = graph.op("Gather", graph.weight("embedding_int8", integers), input_ids, axis=0)
        scales = graph.op("Gather", graph.weight("embedding_scale", scale), input_ids, axis=0)
        return graph.op("Mul", graph.op("Cast", found, to=ir.DataType.FLOAT), scales)

    def write(self, graph: GraphWriter, hidden: ir.Value, table: Array) -> None:
        """Outputs top_ids, top_logprobs (tokens, k) and entropy (tokens,) of softmax(hidden @ table.T)."""
        # One copy, transposed and picked at once: the table is the largest tensor there is.
        kept = np.arange(len(table)) if self.kept_ids is None else self.kept_ids
        weight = np.take(table.T, kept, axis=1)
        logits = self.linear.apply(graph, "head", Activation(hidden), weight)
        if isinstance(self.linear, FloatLinear) and self.linear.dtype is np.float16:
            logits = graph.op("Cast", logits, to=ir.DataType.FLOAT)
        write_predictions(graph, logits, self.top_k, self.kept_ids, debug_logits=self.debug_logits)


def write_predictions(
    graph: GraphWriter,
    logits: ir.Value,
    top_k: int,
    kept_ids: NDArray[np.int32] | None,
    *,
    debug_logits: bool = False,
) -> None:
    """The contract's outputs of `logits` (tokens, kept vocabulary), float32.

    `kept_ids`: the token of each column; None where column and token are the same number.
    """
    axis = graph.constant([-1], np.int64)
    values, indices = graph.ops("TopK", logits, graph.constant([top_k], np.int64), outputs=2, axis=-1)
    log_total = graph.op("ReduceLogSumExp", logits, axis, keepdims=1)
    logprobs = graph.op("Sub", values, log_total)
    # H = log Z - E[logit]
    probabilities = graph.op("Softmax", logits, axis=-1)
    mean = graph.op("ReduceSum", graph.op("Mul", probabilities, logits), axis, keepdims=0)
    entropy = graph.op("Sub", graph.op("Squeeze", log_total, axis), mean)
    ids = graph.op("Cast", indices, to=ir.DataType.INT32)
    if kept_ids is not None:
        ids = graph.op("Gather", graph.weight("head_ids", kept_ids.astype(np.int32)), indices, axis=0)
    graph.output(ids, "top_ids", ir.DataType.INT32, ["predicted", top_k])
    graph.output(logprobs, "top_logprobs", ir.DataType.FLOAT, ["predicted", top_k])
    graph.output(entropy, "entropy", ir.DataType.FLOAT, ["predicted"])
    if debug_logits:
        graph.output(logits, "logits", ir.DataType.FLOAT, ["predicted", "kept"])
