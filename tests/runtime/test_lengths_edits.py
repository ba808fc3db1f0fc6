"""Expand/delete, block-wise and fixed lengths, rule by rule."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from length_models import DELETE, EOS, EXPAND, WORDS, TableModel, check_sound, likely, summarised

from runtime.canvas import NO_TOKEN, Canvas
from runtime.lengths.blocks import Blocks
from runtime.lengths.expand_delete import ExpandDelete
from runtime.lengths.fixed import FixedLength
from runtime.predictions import Predictions
from runtime.request import SlotState

A, B, C, D = WORDS[:4]
_ = NO_TOKEN
MODEL = TableModel(lambda _canvas, _slot: likely([A], 0.9))


def canvas_of(tokens: list[int]) -> Canvas:
    canvas = Canvas(len(tokens))
    for slot, token in enumerate(tokens):
        if token != _:
            canvas.commit(slot, token, -0.1)
    return canvas


def answers(tokens: list[int]) -> Predictions:
    """A pass that answered with `tokens`, and with B at second best."""
    return summarised(np.stack([likely([token, B] if token != B else [B], 0.8) for token in tokens]))


def edited(tokens: list[int], *, limit: int = 99, answered: list[int] | None = None) -> list[int]:
    policy = ExpandDelete(4, expand=EXPAND, delete=DELETE)
    policy.start(MODEL, limit)
    canvas = canvas_of(tokens)
    before = len(canvas)
    predictions = answers(answered or [A if token == _ else token for token in tokens])
    changed = policy.update(canvas, range(len(tokens)), predictions, limit)
    check_sound(canvas)
    assert changed or len(canvas) == before
    return canvas.ids


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([A, EXPAND, B], [A, _, _, B]),
        ([EXPAND, _, EXPAND], [_, _, _, _, _]),
        ([A, DELETE], [A]),
        ([DELETE, _, _], []),
        ([A, _, DELETE, _, _], [A, _]),
        ([DELETE, _, DELETE, A], [A]),
        ([_, DELETE, C, _, D], [_, C, D]),
        ([EXPAND, DELETE, EXPAND], [_, _]),
        ([A, _, B], [A, _, B]),
    ],
    ids=str,
)
def test_expands_become_two_masks_and_deletes_end_the_span(before: list[int], after: list[int]) -> None:
    assert edited(before) == after


@pytest.mark.parametrize(
    ("before", "limit", "after"),
    [
        ([EXPAND, A, EXPAND], 4, [_, _, A, B]),
        ([EXPAND, A], 2, [B, A]),
        ([EXPAND, A, DELETE], 3, [_, _, A]),
        ([EXPAND, EXPAND, EXPAND, DELETE, _], 5, [_, _, _, _, B]),
        ([EXPAND, EXPAND, DELETE, EXPAND], 4, [_, _, _, _]),
    ],
    ids=str,
)
def test_expands_beyond_the_limit_take_the_next_token(
    before: list[int], limit: int, after: list[int]
) -> None:
    assert edited(before, limit=limit) == after


def test_an_expand_that_is_all_the_model_offers_is_dropped_at_the_limit() -> None:
    canvas = canvas_of([A, EXPAND])
    only = Predictions(
        np.array([[A], [EXPAND]], np.int32), np.zeros((2, 1), np.float32), np.zeros(2, np.float32)
    )
    assert ExpandDelete(2, expand=EXPAND, delete=DELETE).update(canvas, range(2), only, 2)
    assert canvas.ids == [A]


def test_a_slot_that_was_taken_back_is_a_mask() -> None:
    canvas = canvas_of([EXPAND])
    ExpandDelete(1, expand=EXPAND, delete=DELETE).update(canvas, range(1), answers([EXPAND]), 9)
    assert canvas.states == [SlotState.MASKED] * 2
    assert canvas.logprobs == [0.0, 0.0]
    assert canvas.frontier == 0


def asked_and_given_back(limit: int) -> tuple[ExpandDelete, Canvas]:
    """A fill in which one slot was asked for and given back, as often as the limit has slots."""
    policy = ExpandDelete(1, expand=EXPAND, delete=DELETE)
    canvas = policy.start(MODEL, limit)
    for turn in range(limit):
        canvas.draft(0, turn)  # another token each time: the canvas is never the same
        canvas.insert(1, 1)
        canvas.commit(1, EXPAND, -0.1)
        policy.update(canvas, range(2), answers([A, EXPAND]), limit)
        assert canvas.ids == [turn, _, _]
        canvas.commit(1, DELETE, -0.1)
        policy.update(canvas, range(3), answers([A, DELETE, A]), limit)
        assert canvas.ids == [turn]
    canvas.commit(0, EXPAND, -0.1)
    return policy, canvas


def test_no_more_slots_are_asked_for_than_the_limit_has() -> None:
    policy, canvas = asked_and_given_back(5)
    policy.update(canvas, range(1), answers([EXPAND]), 5)
    assert canvas.ids == [B]


def test_a_slot_for_which_nothing_else_is_offered_is_dropped_then() -> None:
    policy, canvas = asked_and_given_back(5)
    only = Predictions(np.array([[EXPAND]], np.int32), np.zeros((1, 1), np.float32), np.zeros(1, np.float32))
    policy.update(canvas, range(1), only, 5)
    assert canvas.ids == []


@pytest.mark.parametrize(
    ("other", "after"), [(A, [A, B]), (C, [C, _, _])], ids=["the same canvas", "another"]
)
def test_a_canvas_that_goes_round_in_circles_is_stopped(other: int, after: list[int]) -> None:
    policy = ExpandDelete(2, expand=EXPAND, delete=DELETE)
    canvas = policy.start(MODEL, 99)
    canvas.commit(0, A, -0.1)
    canvas.commit(1, EXPAND, -0.1)
    policy.update(canvas, range(2), answers([A, EXPAND]), 99)
    canvas.commit(2, DELETE, -0.1)
    policy.update(canvas, range(3), answers([A, A, DELETE]), 99)
    assert canvas.ids == [A, _]
    canvas.commit(0, other, -0.1)
    canvas.commit(1, EXPAND, -0.1)
    policy.update(canvas, range(2), answers([A, EXPAND]), 99)
    assert canvas.ids == after


def test_a_draft_asks_for_nothing() -> None:
    canvas = canvas_of([A, _, _])
    canvas.draft(1, EXPAND)
    canvas.draft(2, DELETE)
    assert not ExpandDelete(3, expand=EXPAND, delete=DELETE).update(
        canvas, range(3), answers([A, EXPAND, DELETE]), 9
    )
    assert canvas.ids == [A, EXPAND, DELETE]
    assert canvas.masked == [1, 2]


@settings(deadline=None)
@given(
    block=st.integers(1, 9), origin=st.integers(0, 40), limit=st.integers(1, 60), written=st.integers(0, 70)
)
def test_blocks_stand_on_the_models_grid(block: int, origin: int, limit: int, written: int) -> None:
    policy = Blocks(block, origin=origin, end=frozenset({EOS}), barred=frozenset())
    canvas = policy.start(MODEL, limit)
    borders = [0, len(canvas)]
    while canvas.masked and len(canvas) <= written:
        for slot in canvas.masked:
            canvas.commit(slot, A, -0.1)
        changed = policy.update(canvas, range(borders[-2], borders[-1]), answers([A] * block), limit)
        assert changed == (borders[-1] < limit)
        borders.append(len(canvas))
    for border in borders[1:]:
        assert (origin + border) % block == 0 or border == limit
    assert all(end - start <= block for start, end in itertools.pairwise(borders))


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ([A, EOS, _, B], [A, EOS], True),
        ([_, EOS, _, EOS], [_, EOS], True),
        ([A, B, C, EOS], [A, B, C, EOS], False),
        ([A, _, C, EOS], [A, _, C, EOS], False),
        ([A, B, C, D], [A, B, C, D, _, _, _, _], True),
        ([A, _, C, D], [A, _, C, D], False),
    ],
    ids=str,
)
def test_blocks_go_on_until_an_end_is_committed(before: list[int], after: list[int], changed: bool) -> None:
    policy = Blocks(4, origin=0, end=frozenset({EOS}), barred=frozenset())
    policy.start(MODEL, 8)
    canvas = canvas_of(before)
    assert policy.update(canvas, range(4), answers([A] * 4), 8) == changed
    assert canvas.ids == after


def test_a_sampler_that_masks_ends_again_gets_no_more_slots_than_the_limit() -> None:
    policy = Blocks(4, origin=0, end=frozenset({EOS}), barred=frozenset())
    canvas = policy.start(MODEL, 8)
    turns = 0
    while canvas.masked:
        canvas.commit(0, EOS, -0.1)
        policy.update(canvas, range(len(canvas)), answers([A] * len(canvas)), 8)
        assert len(canvas) == 1
        for slot in range(len(canvas)):
            canvas.commit(slot, A, -0.1)
        policy.update(canvas, range(len(canvas)), answers([A] * len(canvas)), 8)
        turns += 1
        assert turns < 50


def test_a_fixed_canvas_ends_where_it_is_told_to() -> None:
    with_end = FixedLength(4, barred=frozenset({EXPAND}), end=frozenset({EOS}))
    canvas = canvas_of([EXPAND, EOS, _, C])
    assert with_end.update(canvas, range(4), answers([EXPAND, EOS, A, C]), 9)
    assert canvas.ids == [B, EOS]
    without = FixedLength(4, barred=frozenset())
    canvas = canvas_of([EXPAND, EOS, _, C])
    assert not without.update(canvas, range(4), answers([EXPAND, EOS, A, C]), 9)
    assert canvas.ids == [EXPAND, EOS, _, C]
