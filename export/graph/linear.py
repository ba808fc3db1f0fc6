"""Linear layers in each precision. A `LinearFormat` turns float weights into graph nodes."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import onnx_ir as ir

from export.decoder import Array
from export.graph.writer import MS, GraphWriter
from export.quantize.int4 import quantize_int4
from export.quantize.int8 import ACTIVATION_LEVELS, ACTIVATION_ZERO, quantize_int8


class Activation:
    """A linear layer's input, with the nodes that prepare it shared by all who read it."""

    __slots__ = ("quantized", "value")

    def __init__(self, value: ir.Value) -> None:
        self.value = value
        self.quantized: tuple[ir.Value, ir.Value] | None = None


class LinearFormat(Protocol):
    """How the weights of linear layers are stored and applied."""

    def apply(self, graph: GraphWriter, stem: str, x: Activation, weight: Array) -> ir.Value:
        """Nodes for x @ weight; weight is (in, out) float32."""
        ...


@dataclass(frozen=True, slots=True)
class FloatLinear:
    """Plain MatMul in float32 or float16."""

    dtype: type[np.floating]

    def apply(self, graph: GraphWriter, stem: str, x: Activation, weight: Array) -> ir.Value:
        """x (tokens, in) @ weight (in, out)."""
        return graph.op("MatMul", x.value, graph.weight(stem, weight.astype(self.dtype, copy=False)))


@dataclass(frozen=True, slots=True)
class Int8Linear:
    """Integer matrix product with a scale for each token and for each output channel.

    `DynamicQuantizeLinear` has one scale for the whole pass: an outlier in one token would coarsen
    every other, and a token's result would depend on which tokens share its pass. Here each row is
    divided by its own largest magnitude and quantised on a fixed grid, so rows are independent and
    the integer sums exact: a token's result is the same in a pass of any width.
    """

    def apply(self, graph: GraphWriter, stem: str, x: Activation, weight: Array) -> ir.Value:
        """x (tokens, in) @ weight (in, out)."""
        integers, channel_scale = quantize_int8(weight)
        return self.product(
            graph, x, graph.weight(f"{stem}_int8", integers), graph.weight(f"{stem}_scale", channel_scale)
        )

    def product(
        self, graph: GraphWriter, x: Activation, integers: ir.Value, channel_scale: ir.Value
    ) -> ir.Value:
        """x (tokens, in) by int8 weights (in, out) with a scale for each of their columns (out,)."""
        quantized, scale = self._quantize(graph, x)
        product = graph.op(
            "MatMulIntegerToFloat",
            quantized,
            integers,
            graph.constant(1 / ACTIVATION_LEVELS, np.float32),
            channel_scale,
            graph.constant(ACTIVATION_ZERO, np.uint8),
            domain=MS,
        )
        return graph.op("Mul", product, scale)

    def _quantize(self, graph: GraphWriter, x: Activation) -> tuple[ir.Value, ir.Value]:
        if x.quantized is None:
            largest = graph.op(
                "ReduceMax", graph.op("Abs", x.value), graph.constant([-1], np.int64), keepdims=1
            )
            scale = graph.op("Max", largest, graph.constant(1e-30, np.float32))
            unit = graph.op("Div", x.value, scale)
            quantized = graph.op(
                "QuantizeLinear",
                unit,
                graph.constant(1 / ACTIVATION_LEVELS, np.float32),
                graph.constant(ACTIVATION_ZERO, np.uint8),
            )
            x.quantized = quantized, scale
        return x.quantized


@dataclass(frozen=True, slots=True)
class Int4Linear:
    """MatMulNBits: 4-bit weights in blocks of 32 inputs, int8 activations (accuracy level 4).

    The attention's projections stay at 8 bits: they are an eighth of the weights and worth two
    points of top-1 agreement (docs/LOG.md).
    """

    block: int = 32
    eight: frozenset[str] = frozenset({"qkv", "output"})

    def apply(self, graph: GraphWriter, stem: str, x: Activation, weight: Array) -> ir.Value:
        """x (tokens, in) @ weight (in, out)."""
        if stem in self.eight:
            return Int8Linear().apply(graph, stem, x, weight)
        packed, scales, zero_points = quantize_int4(weight, self.block)
        return graph.op(
            "MatMulNBits",
            x.value,
            graph.weight(f"{stem}_int4", packed),
            graph.weight(f"{stem}_scale", scales),
            graph.weight(f"{stem}_zero", zero_points),
            domain=MS,
            K=weight.shape[0],
            N=weight.shape[1],
            bits=4,
            block_size=self.block,
            accuracy_level=4,
        )
