from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from export.graph.linear import Activation, Int4Linear
from export.graph.weights_file import WeightsFile
from export.graph.writer import GraphWriter
from export.quantize.int4 import LEVELS, quantize_int4

BLOCK = 32


def unpack(
    packed: NDArray[np.uint8], scale: NDArray[np.float32], zero: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """(in, out) weights from the layout that MatMulNBits documents: low nibble first."""
    outputs, blocks, half = packed.shape
    values = np.empty((outputs, blocks, 2 * half), np.int64)
    values[..., 0::2], values[..., 1::2] = packed & 15, packed >> 4
    zeros = np.empty((outputs, 2 * zero.shape[1]), np.int64)
    zeros[:, 0::2], zeros[:, 1::2] = zero & 15, zero >> 4
    exact = (values - zeros[:, :blocks, None]) * scale.astype(np.float64)[..., None]
    return exact.reshape(outputs, -1).T


blocks = st.integers(1, 5).flatmap(
    lambda count: hnp.arrays(
        np.float32,
        st.tuples(st.just(count * BLOCK), st.integers(1, 4)),
        elements=st.floats(-100, 100, width=32) | st.just(0.0),
    )
)


@given(blocks)
def test_every_weight_is_near_its_own(weight: NDArray[np.float32]) -> None:
    """Clipping may cost single weights more than half a step, but never more than it clips."""
    packed, scale, zero = quantize_int4(weight, BLOCK)
    restored = unpack(packed, scale, zero)
    assert restored.shape == weight.shape
    grouped = weight.T.reshape(weight.shape[1], -1, BLOCK)
    span = np.maximum(grouped.max(-1), 0) - np.minimum(grouped.min(-1), 0)
    error = np.abs(restored - weight).T.reshape(grouped.shape)
    assert (error <= span[..., None] * (0.2 + 1.5 / LEVELS) + 1e-6).all()
    assert np.isfinite(restored).all()


@given(blocks)
def test_clipping_is_no_worse_than_not_clipping(weight: NDArray[np.float32]) -> None:
    restored = unpack(*quantize_int4(weight, BLOCK))
    grouped = weight.T.reshape(-1, BLOCK).astype(np.float64)
    low, high = np.minimum(grouped.min(-1), 0), np.maximum(grouped.max(-1), 0)
    scale = np.maximum((high - low) / LEVELS, 1e-12)[:, None]
    zero = np.clip(np.rint(-low[:, None] / scale), 0, LEVELS)
    plain = (np.clip(np.rint(grouped / scale) + zero, 0, LEVELS) - zero) * scale
    ours = np.square(restored.T.reshape(-1, BLOCK) - grouped).sum()
    assert ours <= np.square(plain - grouped).sum() * (1 + 1e-3) + 1e-6


def test_values_on_the_grid_survive_exactly() -> None:
    grid = np.random.default_rng(0).integers(0, LEVELS + 1, (4 * BLOCK, 7)) - 6
    for block in range(4):  # both ends of the grid occur in every block, so the step is known
        grid[block * BLOCK], grid[block * BLOCK + 1] = -6, LEVELS - 6
    weight = (grid * 0.25).astype(np.float32)
    np.testing.assert_allclose(unpack(*quantize_int4(weight, BLOCK)), weight, atol=1e-6)


def test_inputs_have_to_fill_blocks() -> None:
    with pytest.raises(ValueError, match="multiple of the block"):
        quantize_int4(np.zeros((40, 2), np.float32), BLOCK)


@pytest.mark.parametrize("inputs", [BLOCK, 3 * BLOCK, 8 * BLOCK])
def test_the_graph_reads_what_was_packed(tmp_path: Path, inputs: int) -> None:
    chance = np.random.default_rng(inputs)
    weight = chance.standard_normal((inputs, 24)).astype(np.float32)
    data = WeightsFile(tmp_path / "w.data")
    graph = GraphWriter(data)
    x = graph.input("x", ir.DataType.FLOAT, ["tokens", inputs])
    y = Int4Linear(BLOCK).apply(graph, "linear", Activation(x), weight)
    graph.output(y, "y", ir.DataType.FLOAT, ["tokens", 24])
    data.close()
    ir.save(graph.model("linear"), tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    rows = chance.standard_normal((5, inputs)).astype(np.float32)
    (ours,) = session.run(None, {"x": rows})
    exact = rows @ unpack(*quantize_int4(weight, BLOCK))
    # The kernel rounds activations to 8 bits; nothing else may differ.
    assert np.abs(ours - exact).max() < 0.02 * np.abs(exact).max() + 0.05
    assert np.corrcoef(ours.ravel(), exact.ravel())[0, 1] > 0.9995
