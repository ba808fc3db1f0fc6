"""optimum's graph, fitted to the denoiser contract: one text, no batch, sampling head inside.

Node by node into a `GraphWriter`, so that weights are stored, sharded and quantised as a decoder's.
"""

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from export.decoder import Progress
from export.graph.head import write_predictions
from export.graph.linear import Activation, FloatLinear, LinearFormat
from export.graph.writer import GraphWriter
from runtime.errors import ModelFileError


def rewrite(
    source: ir.Model,
    graph: GraphWriter,
    linear: LinearFormat,
    kept_ids: NDArray[np.int32],
    top_k: int,
    progress: Progress,
    *,
    debug_logits: bool = False,
) -> None:
    """Write `source` into `graph` with the contract's input_ids and outputs.

    Matrix products with a constant take the form of `linear`; everything else is copied.

    Raises:
        ModelFileError: the graph branches, or has inputs that the contract doesn't.
    """
    _Rewriter(source, graph, linear).run(kept_ids, top_k, progress, debug_logits)


BRANCHES = (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS)


class _Rewriter:
    def __init__(self, source: ir.Model, graph: GraphWriter, linear: LinearFormat) -> None:
        self._source = source.graph
        self._graph = graph
        self._linear = linear
        self._quantized = not isinstance(linear, FloatLinear)
        self._values: dict[ir.Value, ir.Value] = {}
        self._weights: dict[str, ir.Value] = {}

    def run(self, kept_ids: NDArray[np.int32], top_k: int, progress: Progress, debug_logits: bool) -> None:
        graph = self._graph
        first = graph.constant([0], np.int64)
        tokens = graph.op("Unsqueeze", graph.input("input_ids", ir.DataType.INT64, ["tokens"]), first)
        one = ir.Tensor(np.ones(1, np.int64), name="one")
        everything = graph.op("ConstantOfShape", graph.op("Shape", tokens), value=one)
        given = {"input_ids": tokens, "attention_mask": everything}
        for value in self._source.inputs:
            if value.name not in given:
                raise ModelFileError(
                    f"The exported encoder wants the input {value.name!r}, which has no use here."
                )
            self._values[value] = given[value.name]
        nodes = list(self._source)
        for number, node in enumerate(nodes):
            progress("layers", number / len(nodes))
            self._node(node, number)
        logits = graph.op("Squeeze", self._values[self._source.outputs[0]], first)
        columns = graph.weight("head_columns", kept_ids.astype(np.int64))
        kept = graph.op("Gather", logits, columns, axis=1)
        write_predictions(graph, kept, top_k, kept_ids, debug_logits=debug_logits)

    def _node(self, node: ir.Node, number: int) -> None:
        if any(attribute.type in BRANCHES for attribute in node.attributes.values()):
            raise ModelFileError(
                f"The exported encoder branches ({node.op_type}); a model folder's graph can't."
            )
        weight = self._constant(node.inputs[1]) if node.op_type == "MatMul" and self._quantized else None
        if weight is not None and weight.ndim == 2 and node.inputs[0] is not None:
            result = self._linear.apply(
                self._graph, f"linear_{number}", Activation(self._value(node.inputs[0])), weight
            )
            self._values[node.outputs[0]] = result
            return
        inputs = [None if value is None else self._value(value) for value in node.inputs]
        self._values.update(zip(node.outputs, self._graph.copy(node, inputs), strict=True))

    def _value(self, value: ir.Value) -> ir.Value:
        if value in self._values:
            return self._values[value]
        assert value.const_value is not None and value.name is not None, "what is not computed is given"
        if value.name not in self._weights:
            self._weights[value.name] = self._graph.weight(value.name, value.const_value.numpy())
        return self._weights[value.name]

    @staticmethod
    def _constant(value: ir.Value | None) -> NDArray[np.float32] | None:
        if value is None or value.const_value is None:
            return None
        return np.asarray(value.const_value.numpy(), np.float32)
