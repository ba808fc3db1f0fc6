"""Quantised in parts, a matrix is what it is quantised whole."""

import numpy as np
import pytest

from export.quantize import slices
from export.quantize.int4 import quantize_int4
from export.quantize.int8 import quantize_int8

WEIGHT = np.random.default_rng(0).standard_t(3, (64, 37)).astype(np.float32)


@pytest.mark.parametrize("most", [1, 64, 5 * 64, 1 << 24])
def test_parts_change_nothing(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    eight, four = quantize_int8(WEIGHT), quantize_int4(WEIGHT, 32)
    monkeypatch.setattr(slices, "MOST_NUMBERS", most)
    for whole, parts in ((eight, quantize_int8(WEIGHT)), (four, quantize_int4(WEIGHT, 32))):
        for expected, found in zip(whole, parts, strict=True):
            assert expected.dtype == found.dtype
            np.testing.assert_array_equal(expected, found)


@pytest.mark.parametrize(("channels", "numbers"), [(0, 10), (1, 10), (10, 1 << 30), (7, 1 << 22), (5, 0)])
def test_parts_cover_the_axis(channels: int, numbers: int) -> None:
    covered = [index for part in slices.slices(channels, numbers) for index in range(channels)[part]]
    assert covered == list(range(channels))
