"""CAL against its formula and its search, written out from the paper."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from length_models import EXPAND, VOCABULARY, WORDS, Logprobs, TableModel, likely

from runtime.canvas import Canvas
from runtime.lengths.calibrated import CalibratedLength, LengthBias


def bias(slots: int) -> float:
    return 1.00 * math.exp(-1.77 * slots) + 0.56 * math.exp(-0.06 * slots) + 0.24


def model_of(confidence: Callable[[int], float]) -> TableModel:
    """Slots differ in their confidence; their mean is `confidence(slots of the canvas)`."""

    def answer(canvas: Canvas, slot: int) -> Logprobs:
        mean = confidence(len(canvas))
        last = len(canvas) - 1
        tilt = 0.1 * mean * (1 - 2 * slot / last) if last else 0.0
        return likely([WORDS[0]], mean + tilt)

    return TableModel(answer)


def search(heights: dict[int, float], guess: int, limit: int) -> tuple[int, int]:
    """Algorithm 1: the length found, and how many were looked at."""
    found, looked = guess, 1
    for step in (1, -1):
        decreases, slots = 0, guess + step
        while 1 <= slots <= limit and decreases < 4:
            looked += 1
            decreases = 0 if heights[slots] > heights[found] else decreases + 1
            found = slots if decreases == 0 else found
            slots += step
    return found, looked


def test_the_bias_is_the_published_curve() -> None:
    assert LengthBias()(1) == pytest.approx(0.937721, abs=1e-6)
    assert LengthBias()(8) == pytest.approx(0.586520, abs=1e-6)
    assert LengthBias()(64) == pytest.approx(0.252036, abs=1e-6)


@settings(deadline=None, max_examples=150)
@given(
    confidences=st.lists(st.floats(0.3, 0.9), min_size=24, max_size=24, unique=True),
    guess=st.integers(1, 30),
    limit=st.integers(1, 24),
)
def test_it_searches_as_the_paper_does(confidences: list[float], guess: int, limit: int) -> None:
    model = model_of(lambda slots: confidences[slots - 1])
    canvas = CalibratedLength(guess, barred=frozenset()).start(model, limit)
    heights = {slots: confidences[slots - 1] / bias(slots) for slots in range(1, 25)}
    found, looked = search(heights, min(guess, limit), limit)
    assert len(canvas) == found
    assert len(canvas.masked) == found
    assert model.passes == looked


@settings(deadline=None, max_examples=60)
@given(truth=st.integers(1, 40), guess=st.integers(1, 40))
def test_it_finds_the_peak_across_dips(truth: int, guess: int) -> None:
    """Three lengths in a row that look worse don't stop it; and only the bias shows the peak."""

    def confidence(slots: int) -> float:
        away = abs(slots - truth)
        return bias(slots) * math.exp(-away / 50) * (0.9 if away % 4 == 0 else 0.5)

    canvas = CalibratedLength(guess, barred=frozenset()).start(model_of(confidence), 60)
    assert len(canvas) == truth


def test_a_model_of_its_own_bias_is_taken_at_its_word() -> None:
    flat = LengthBias(a=0, b=0, c=0, d=0, e=1)
    model = model_of(lambda slots: 0.9 * math.exp(-slots / 50))
    assert len(CalibratedLength(6, barred=frozenset(), bias=flat).start(model, 20)) == 1


def test_a_length_that_is_no_better_counts_as_worse() -> None:
    flat = LengthBias(a=0, b=0, c=0, d=0, e=1)
    certain = np.where(np.arange(VOCABULARY) == WORDS[0], 0.0, -60.0)  # the mean is 1 without rounding
    model = TableModel(lambda _canvas, _slot: certain)
    assert len(CalibratedLength(9, barred=frozenset(), bias=flat).start(model, 20)) == 9
    assert model.lengths == [9, 10, 11, 12, 13, 8, 7, 6, 5]


def test_expand_is_replaced_and_the_length_stays() -> None:
    policy = CalibratedLength(3, barred=frozenset({EXPAND}))
    canvas = Canvas(3)
    model = TableModel(lambda _canvas, _slot: likely([EXPAND, WORDS[2]], 0.8))
    predictions = model.predict(canvas, range(1, 3))
    canvas.commit(1, EXPAND, math.log(0.8))
    assert policy.update(canvas, range(1, 3), predictions, 9) is False
    assert canvas.ids == [-1, WORDS[2], -1]
    assert canvas.logprobs[1] == pytest.approx(math.log(0.1))
