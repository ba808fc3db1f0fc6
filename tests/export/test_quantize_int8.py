"""The int8 weights' bound, and that products of passes are exact on whatever multiplies them."""

from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from export.graph.linear import Activation, Int8Linear
from export.graph.weights_file import WeightsFile
from export.graph.writer import MS, GraphWriter
from export.quantize.int8 import ACTIVATION_LEVELS, ACTIVATION_ZERO, PAIR_BOUND, _bounded, quantize_int8

matrices = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9),
    elements=st.floats(-1e4, 1e4, width=32) | st.sampled_from([0.0, 1.0, -1.0, 127.0, 128.0, 1e-30]),
)


def pair_sums(integers: NDArray[np.int8]) -> NDArray[np.int32]:
    """Magnitudes of the weights that VPMADDUBSW adds up: neighbours along the inputs."""
    wide = np.abs(integers.astype(np.int32))
    if len(wide) % 2:
        wide = np.pad(wide, ((0, 1), (0, 0)))
    return wide[0::2] + wide[1::2]


@given(matrices)
def test_no_pair_can_saturate(weight: NDArray[np.float32]) -> None:
    integers, scale = quantize_int8(weight)
    assert integers.dtype == np.int8
    assert pair_sums(integers).max(initial=0) <= PAIR_BOUND
    assert np.iinfo(np.int16).max >= 255 * PAIR_BOUND
    assert (scale > 0).all()
    assert np.isfinite(scale).all()


@given(matrices)
def test_rounding_is_within_a_step(weight: NDArray[np.float32]) -> None:
    """Half a step, and a whole one more where a pair was carried past the bound."""
    integers, scale = quantize_int8(weight)
    error = np.abs(integers * scale.astype(np.float64) - weight)
    assert (error <= 1.5 * scale * (1 + 1e-5)).all()


def test_ordinary_weights_use_the_range() -> None:
    weight = np.random.default_rng(0).standard_normal((896, 64)).astype(np.float32)
    integers, scale = quantize_int8(weight)
    error = integers * scale - weight
    assert np.sqrt(np.square(error).mean()) < 0.02
    assert np.abs(integers).max() > 60


def product_graph(folder: Path, integers: NDArray[np.int8]) -> onnxruntime.InferenceSession:
    """The integer product of Int8Linear alone: (tokens, in) uint8 in, whole numbers out."""
    data = WeightsFile(folder / "w.data")
    graph = GraphWriter(data)
    x = graph.input("x", ir.DataType.UINT8, ["tokens", integers.shape[0]])
    product = graph.op(
        "MatMulIntegerToFloat",
        x,
        graph.weight("w", integers),
        graph.constant(1.0, np.float32),
        graph.weight("scale", np.ones(integers.shape[1], np.float32)),
        graph.constant(ACTIVATION_ZERO, np.uint8),
        domain=MS,
    )
    graph.output(product, "y", ir.DataType.FLOAT, ["tokens", integers.shape[1]])
    data.close()
    ir.save(graph.model("product"), folder / "m.onnx")
    return onnxruntime.InferenceSession(str(folder / "m.onnx"), providers=["CPUExecutionProvider"])


def adversarial_activations(integers: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Rows of 0 and 255 that drive single columns' sums to their extremes, and mixtures of both."""
    chance = np.random.default_rng(3)
    rows = [np.where(column > 0, 255, 0) for column in integers.T]
    rows += [np.where(column > 0, 0, 255) for column in integers.T]
    rows += [np.full(len(integers), value) for value in (0, 255, 128)]
    rows += list(chance.choice([0, 255], (8, len(integers))))
    return np.array(rows, np.uint8)


@pytest.mark.parametrize("inputs", [8, 64, 896, 897])
@pytest.mark.parametrize("tokens", [2, 3, 5, 16, 33])
def test_products_are_exact(tmp_path: Path, inputs: int, tokens: int) -> None:
    chance = np.random.default_rng(inputs)
    weight = chance.standard_t(3, (inputs, 40)).astype(np.float32)
    weight[: inputs // 2 * 2, 0] = 1.0  # every pair of this channel sits on the bound
    integers, _ = quantize_int8(weight)
    assert pair_sums(integers).max() == PAIR_BOUND
    session = product_graph(tmp_path, integers)
    rows = adversarial_activations(integers)
    rows = np.concatenate([rows, rows[: -len(rows) % tokens or None]])
    exact = (rows.astype(np.int64) - ACTIVATION_ZERO) @ integers.astype(np.int64)
    for start in range(0, len(rows) - tokens + 1, tokens):
        (ours,) = session.run(None, {"x": rows[start : start + tokens]})
        np.testing.assert_array_equal(ours, exact[start : start + tokens].astype(np.float32))


def linear_graph(folder: Path, weight: NDArray[np.float32]) -> onnxruntime.InferenceSession:
    data = WeightsFile(folder / "w.data")
    graph = GraphWriter(data)
    x = graph.input("x", ir.DataType.FLOAT, ["tokens", weight.shape[0]])
    y = Int8Linear().apply(graph, "linear", Activation(x), weight)
    graph.output(y, "y", ir.DataType.FLOAT, ["tokens", weight.shape[1]])
    data.close()
    ir.save(graph.model("linear"), folder / "m.onnx")
    return onnxruntime.InferenceSession(str(folder / "m.onnx"), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def linear(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[NDArray[np.float32], onnxruntime.InferenceSession]:
    weight = np.random.default_rng(1).standard_normal((64, 48)).astype(np.float32)
    return weight, linear_graph(tmp_path_factory.mktemp("linear"), weight)


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(2, 9), st.just(64)),
        elements=st.floats(-1e3, 1e3, width=32) | st.just(0.0) | st.sampled_from([3e4, -3e4]),
    )
)
def test_a_token_is_not_coarsened_by_its_neighbours(
    linear: tuple[NDArray[np.float32], onnxruntime.InferenceSession], x: NDArray[np.float32]
) -> None:
    weight, session = linear
    (together,) = session.run(None, {"x": x})
    for row in range(len(x)):
        (alone,) = session.run(None, {"x": np.repeat(x[row : row + 1], 2, axis=0)})
        np.testing.assert_array_equal(alone[0], together[row])
    step = np.abs(x).max(axis=1, keepdims=True) / ACTIVATION_LEVELS
    integers, scale = quantize_int8(weight)
    bound = 0.51 * step * np.abs(integers * scale).sum(axis=0) + 1e-4 * np.abs(x).max() * 8
    assert (np.abs(together - x @ (integers * scale)) <= bound + 1e-6).all()


def test_a_pair_past_the_bound_loses_a_step_of_its_larger_weight() -> None:
    integers = np.array([[100, -64, 5, 127], [-29, 65, -6, -1]], np.int8)
    np.testing.assert_array_equal(_bounded(integers), [[99, -64, 5, 127], [-29, 64, -6, -1]])
