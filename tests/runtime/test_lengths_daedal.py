"""DAEDAL against its two rules, written out from the paper."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from length_models import EOS, EXPAND, WORDS, Logprobs, TableModel, check_sound, likely, summarised

from runtime.canvas import NO_TOKEN, Canvas
from runtime.lengths.daedal import Daedal
from runtime.predictions import Predictions
from runtime.request import SlotState

A, B, C, D = WORDS[:4]
_ = NO_TOKEN
UNSURE = 0.09
"""Of twelve tokens one has at least a twelfth: just above that, and below a tenth."""

rows = st.lists(st.tuples(st.sampled_from([EOS, A, B]), st.floats(UNSURE, 0.99)), min_size=1, max_size=30)


def policy(slots: int = 4) -> Daedal:
    return Daedal(slots, end=frozenset({EOS}), barred=frozenset({EXPAND}))


def answers(pairs: Sequence[tuple[int, float]]) -> Predictions:
    return summarised(np.stack([likely_only(token, probability) for token, probability in pairs]))


def likely_only(token: int, probability: float) -> Logprobs:
    """`token` has that probability, the others share the rest evenly."""
    logprobs = np.full(12, (1 - probability) / 11)
    logprobs[token] = probability
    return np.log(logprobs)


def canvas_of(tokens: Sequence[int]) -> Canvas:
    canvas = Canvas(len(tokens))
    for slot, token in enumerate(tokens):
        if token != _:
            canvas.commit(slot, token, math.log(0.8))
    return canvas


@settings(deadline=None, max_examples=200)
@given(pairs=rows)
def test_the_end_confidence_is_that_of_the_last_eight_ends(pairs: list[tuple[int, float]]) -> None:
    found: list[float] = []
    for token, probability in reversed(pairs):
        if token == EOS and len(found) < 8:
            found.append(probability)
    assert policy().end_confidence(answers(pairs)) == pytest.approx(sum(found) / 8, abs=1e-5)


@settings(deadline=None, max_examples=100)
@given(
    truth=st.integers(0, 40),
    probability=st.integers(30, 98).map(lambda percent: percent / 100 + 0.003),  # on no threshold
    first=st.integers(1, 20),
    limit=st.integers(1, 60),
)
def test_the_first_canvas_grows_by_eight_until_the_end_is_expected(
    truth: int, probability: float, first: int, limit: int
) -> None:
    model = TableModel(
        lambda _canvas, slot: likely_only(EOS, probability) if slot >= truth else likely_only(A, 0.9)
    )
    expected = min(first, limit)
    passes = 1
    while expected < limit and min(max(expected - truth, 0), 8) * probability / 8 < 0.5:
        expected = min(expected + 8, limit)
        passes += 1
    canvas = policy(first).start(model, limit)
    assert len(canvas) == len(canvas.masked) == expected
    # At the limit nothing is left to find out.
    assert model.passes == passes - (expected == limit)


def expanded(
    tokens: Sequence[int], pairs: Sequence[tuple[int, float]], *, limit: int = 99, start: int = 0
) -> list[int]:
    canvas = canvas_of(tokens)
    before = len(canvas)
    block = range(start, start + len(pairs))
    changed = policy().update(canvas, block, answers(pairs), limit)
    check_sound(canvas)
    assert changed == (len(canvas) != before)
    return canvas.ids


@pytest.mark.parametrize(
    ("worst", "limit", "length"),
    [(UNSURE, 99, 10), (UNSURE, 6, 6), (UNSURE, 4, 4), (UNSURE, 3, 3), (0.11, 99, 3)],
)
def test_the_least_likely_slot_becomes_eight_masks(worst: float, limit: int, length: int) -> None:
    pairs = [(A, 0.9), (B, worst + 0.002), (C, worst)]
    assert expanded([A, _, _], pairs, limit=limit) == [A] + [_] * (length - 1)


def test_it_grows_where_the_slot_was() -> None:
    """Two slots are that unlikely; a drafted token stays in its place."""
    canvas = canvas_of([A, _, B, _, C])
    canvas.draft(1, D)
    canvas.draft(3, D)
    pairs = [(A, 0.9), (D, 0.5), (B, 0.9), (D, UNSURE), (C, 0.9)]
    policy().update(canvas, range(5), answers(pairs), 99)
    assert canvas.ids == [A, D, B, *[_] * 8, C]
    assert canvas.states[1] is SlotState.DRAFT
    assert set(canvas.states[3:11]) == {SlotState.MASKED}


@pytest.mark.parametrize(
    ("end_probability", "length"), [(0.95, 10), (0.85, 17)], ids=["the end is certain", "it is not"]
)
def test_nothing_grows_once_the_end_is_certain(end_probability: float, length: int) -> None:
    pairs = [(A, 0.9), (B, UNSURE), *[(EOS, end_probability)] * 8]
    assert len(expanded([A, *[_] * 9], pairs)) == length


def test_a_committed_slot_never_grows() -> None:
    assert expanded([A, B, _], [(A, 0.9), (B, UNSURE), (C, 0.5)]) == [A, B, _]


def test_rows_belong_to_the_block() -> None:
    """The block begins at slot 2: its first row is the hopeless one."""
    assert expanded([_, _, _, _], [(A, UNSURE), (B, 0.9)], start=2) == [_] * 11
    canvas = canvas_of([A, B, _, C])
    policy().update(canvas, range(2, 4), answers([(A, UNSURE), (C, 0.9)]), 99)
    assert canvas.ids == [A, B, *[_] * 8, C]


def test_masks_behind_an_end_are_ends() -> None:
    canvas = canvas_of([_, EOS, _, A, _])
    assert not policy().update(canvas, range(5), answers([(A, 0.9)] * 5), 99)
    assert canvas.ids == [_, EOS, EOS, A, EOS]
    assert canvas.logprobs[2] == pytest.approx(math.log(0.8))


def test_a_finished_canvas_stops_at_its_end() -> None:
    assert expanded([A, EOS, _, B], [(A, 0.9)] * 4) == [A, EOS]
    assert expanded([A, B], [(A, UNSURE)] * 2) == [A, B]


def test_expand_is_replaced() -> None:
    canvas = canvas_of([EXPAND, _])
    model = TableModel(lambda _canvas, _slot: likely([EXPAND, B], 0.8))
    policy().update(canvas, range(2), model.predict(canvas, range(2)), 9)
    assert canvas.ids == [B, _]
