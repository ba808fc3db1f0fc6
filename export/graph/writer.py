"""A thin builder over onnx_ir: named ops, deduplicated constants, weights sent to the data file."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from export.graph.weights_file import WeightsFile

MS = "com.microsoft"
OPSETS = {"": 21, MS: 1}


class GraphWriter:
    """Collects the nodes, inputs and initialisers of one graph."""

    def __init__(self, weights: WeightsFile) -> None:
        """Write large initialisers through `weights`."""
        self._weights = weights
        self._nodes: list[ir.Node] = []
        self._inputs: list[ir.Value] = []
        self._outputs: list[ir.Value] = []
        self._initializers: dict[str, ir.Value] = {}
        self._scope: list[str] = []
        self._count = 0

    def scope(self, name: str) -> None:
        """Prefix the names of what follows, for profiles and error messages."""
        self._scope = [name] if name else []

    @property
    def op_count(self) -> int:
        """Nodes written so far: a number to make names unique with."""
        return self._count

    def _name(self, stem: str) -> str:
        self._count += 1
        return "/".join([*self._scope, f"{stem}_{self._count}"])

    def input(self, name: str, dtype: ir.DataType, shape: Sequence[int | str]) -> ir.Value:
        """Declare a graph input."""
        value = ir.Value(name=name, type=ir.TensorType(dtype), shape=ir.Shape(shape))
        self._inputs.append(value)
        return value

    def input_with_default(self, name: str, default: NDArray[np.generic]) -> ir.Value:
        """Declare an input that may be left out: an initialiser of the same name is its default."""
        value = self.input(name, ir.DataType.from_numpy(default.dtype), default.shape)
        value.const_value = ir.Tensor(default, name=name)
        self._initializers[name] = value
        return value

    def output(self, value: ir.Value, name: str, dtype: ir.DataType, shape: Sequence[int | str]) -> None:
        """Make `value` a graph output called `name`."""
        value.name = name
        value.type = ir.TensorType(dtype)
        value.shape = ir.Shape(shape)
        self._outputs.append(value)

    def weight(self, stem: str, array: NDArray[np.generic]) -> ir.Value:
        """A named initialiser holding a model weight."""
        name = "/".join([*self._scope, stem])
        tensor = self._weights.append(name, array)
        value = ir.Value(
            name=name, type=ir.TensorType(tensor.dtype), shape=ir.Shape(array.shape), const_value=tensor
        )
        self._initializers[name] = value
        return value

    def constant(self, array: Any, dtype: Any) -> ir.Value:
        """A small constant, written once however often it is asked for."""
        data = np.asarray(array, dtype)
        name = f"const/{data.dtype.name}{list(data.shape)}{data.ravel().tolist()}".replace(" ", "")
        if name not in self._initializers:
            self._initializers[name] = ir.Value(
                name=name,
                type=ir.TensorType(ir.DataType.from_numpy(data.dtype)),
                shape=ir.Shape(data.shape),
                const_value=ir.Tensor(data, name=name),
            )
        return self._initializers[name]

    def op(self, kind: str, *inputs: ir.Value | None, domain: str = "", **attributes: Any) -> ir.Value:
        """Add a node with one output."""
        return self.ops(kind, *inputs, outputs=1, domain=domain, **attributes)[0]

    def ops(
        self, kind: str, *inputs: ir.Value | None, outputs: int, domain: str = "", **attributes: Any
    ) -> tuple[ir.Value, ...]:
        """Add a node with several outputs."""
        name = self._name(kind)
        node = ir.node(kind, inputs, attributes or None, domain=domain, num_outputs=outputs, name=name)
        for index, value in enumerate(node.outputs):
            value.name = f"{name}:{index}"
        self._nodes.append(node)
        return tuple(node.outputs)

    def copy(self, node: ir.Node, inputs: Sequence[ir.Value | None]) -> tuple[ir.Value, ...]:
        """Add a node like one of another graph, reading `inputs` instead of its own."""
        name = self._name(node.op_type)
        copied = ir.Node(
            node.domain,
            node.op_type,
            inputs,
            attributes=list(node.attributes.values()),
            num_outputs=len(node.outputs),
            name=name,
        )
        for index, value in enumerate(copied.outputs):
            value.name = f"{name}:{index}"
        self._nodes.append(copied)
        return tuple(copied.outputs)

    def model(self, name: str) -> ir.Model:
        """The finished model."""
        graph = ir.Graph(
            self._inputs,
            self._outputs,
            nodes=self._nodes,
            initializers=list(self._initializers.values()),
            opset_imports=OPSETS,
            name=name,
        )
        return ir.Model(graph, ir_version=10, producer_name="spanfill")
