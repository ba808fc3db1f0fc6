"""The base's matrices in 8 bits, forward and backward: the CPU's own way to train faster.

A frozen matrix is used twice a step, for x @ W and for gradient @ Wᵀ, and never updated, so both can run in
integers with one scale a row and a column, as SwitchBack does (arXiv 2304.13013); what is trained, the
adapters, stays in float32. The forward product is that of the int8 model that the adapter will serve with,
to the bit, so the adapter learns that model's rounding too. The integer product is ONNX Runtime's: on CPUs
without VNNI PyTorch has none that is faster than float32.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.decoder import Array
from export.graph.linear import Activation, Int8Linear
from export.graph.weights_file import WeightsFile
from export.graph.writer import GraphWriter
from export.quantize.int8 import quantize_int8
from runtime.providers import load_onnxruntime

_Matrix = tuple[NDArray[np.int8], Array]


class IntegerProduct:
    """One session that multiplies any rows by any int8 matrix."""

    def __init__(self, threads: int | None = None) -> None:
        """Build the graph: x (tokens, in), integers (in, out), scale (out,) to y (tokens, out).

        Raises:
            RuntimeSetupError: ONNX Runtime is missing.
        """
        onnxruntime = load_onnxruntime()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if threads:
            options.intra_op_num_threads = threads
        # PyTorch's threads work between the products; one that spins would take their core.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(
            _graph(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, x: Tensor, matrix: _Matrix) -> Tensor:
        """x (tokens, in) float32 by an int8 (in, out) and its scales."""
        feeds = {"x": x.detach().contiguous().numpy(), "integers": matrix[0], "scale": matrix[1]}
        return torch.from_numpy(self._session.run(["y"], feeds)[0])

    def linear(self, weight: Array) -> "Int8FrozenLinear":
        """A frozen linear layer of a matrix (in, out)."""
        return Int8FrozenLinear(self, weight)


class Int8FrozenLinear:
    """A matrix quantised by its columns for the way there, and by its rows for the way back."""

    def __init__(self, product: IntegerProduct, weight: Array) -> None:
        """`weight`: (in, out)."""
        self._product = product
        self._there: _Matrix = quantize_int8(weight)
        # The gradient is that of the matrix that forward really applies.
        applied = self._there[0].astype(np.float32) * self._there[1]
        self._back: _Matrix = quantize_int8(np.ascontiguousarray(applied.T))

    def __call__(self, x: Tensor) -> Tensor:
        """x @ weight."""
        result: Tensor = _Apply.apply(x, self)  # type: ignore[no-untyped-call]
        return result

    def there(self, x: Tensor) -> Tensor:
        """x (tokens, in) to (tokens, out)."""
        return self._product(x, self._there)

    def back(self, gradient: Tensor) -> Tensor:
        """A gradient (tokens, out) to (tokens, in)."""
        return self._product(gradient, self._back)


class _Apply(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, linear: Int8FrozenLinear) -> Tensor:
        context.linear = linear
        return linear.there(x)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return context.linear.back(gradient), None


def _graph() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        weights = WeightsFile(Path(folder) / "weights")  # stays empty: the matrices are inputs
        graph = GraphWriter(weights)
        x = graph.input("x", ir.DataType.FLOAT, ["tokens", "in"])
        integers = graph.input("integers", ir.DataType.INT8, ["in", "out"])
        scale = graph.input("scale", ir.DataType.FLOAT, ["out"])
        y = Int8Linear().product(graph, Activation(x), integers, scale)
        graph.output(y, "y", ir.DataType.FLOAT, ["tokens", "out"])
        weights.close()
        return bytes(ir.serde.serialize_model(graph.model("product")).SerializeToString())
