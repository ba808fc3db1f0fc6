"""The example maker: what it hides can be put back, whatever was done to the span's length."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.training import examples
from export.training.examples import IGNORED, Edit, Slots, Task
from export.training.vocabulary import TokenIds

IDS = TokenIds(mask=1, expand=2, delete=0, newline=3)
TEXT_TOKENS = st.integers(3, 40)
SPANS = st.lists(TEXT_TOKENS, min_size=1, max_size=48)
SEEDS = st.integers(0, 2**32 - 1)


def put_back(slots: Slots, original: Sequence[int]) -> list[int]:
    """What a decoder arrives at that answers every mask with its target.

    A mask that stands for several tokens answers `expand`; the two masks in its place stand for the
    first token and for the rest.
    """
    result: list[int] = []
    place = 0
    for token, target, width in zip(slots.inputs, slots.targets, slots.widths, strict=True):
        if token != IDS.mask:
            assert target == IGNORED
            assert width == 1
            result.append(token)
        elif target == IDS.expand:
            pending = [width]
            while pending:
                stands_for = pending.pop(0)
                if stands_for > 1:
                    pending = [1, stands_for - 1, *pending]
                else:
                    result.append(original[place + width - sum(pending) - 1])
        elif target != IDS.delete:
            result.append(target)
        place += width
    return result


@given(SPANS, st.sampled_from(Edit), SEEDS)
def test_answering_every_mask_recovers_the_span(tokens: list[int], edit: Edit, seed: int) -> None:
    slots = examples.corrupt_span(tokens, edit, Task(), IDS, np.random.default_rng(seed))

    assert put_back(slots, tokens) == tokens
    assert sum(slots.widths) == len(tokens)


@given(SPANS, st.sampled_from(Edit), SEEDS)
def test_a_target_says_what_its_mask_stands_for(tokens: list[int], edit: Edit, seed: int) -> None:
    slots = examples.corrupt_span(tokens, edit, Task(), IDS, np.random.default_rng(seed))

    place = 0
    for token, target, width in zip(slots.inputs, slots.targets, slots.widths, strict=True):
        assert (token == IDS.mask) == (target != IGNORED)
        if target == IGNORED:
            assert token == tokens[place]
        else:
            expected = IDS.delete if width == 0 else IDS.expand if width > 1 else tokens[place]
            assert target == expected
        place += width


@given(SPANS, SEEDS)
def test_a_lengthened_span_ends_in_its_surplus(tokens: list[int], seed: int) -> None:
    slots = examples.corrupt_span(tokens, Edit.LONG, Task(), IDS, np.random.default_rng(seed))

    surplus = len(slots.inputs) - len(tokens)
    assert 1 <= surplus <= examples.LONGEST_SURPLUS_TOKENS
    assert [target for target in slots.targets if target == IDS.delete] == slots.targets[-surplus:]
    assert set(slots.inputs[-surplus:]) == {IDS.mask}


@given(st.lists(TEXT_TOKENS, min_size=2, max_size=48), SEEDS)
def test_a_shortened_run_keeps_its_first_masks(tokens: list[int], seed: int) -> None:
    hidden = examples.mask_some(tokens, [True] * len(tokens), IDS)

    slots = examples.shorten(hidden, IDS, np.random.default_rng(seed))

    assert len(slots.inputs) < len(tokens)
    assert slots.targets[-1] == IDS.expand
    assert slots.targets[:-1] == tokens[: len(slots.inputs) - 1]


def test_shortening_leaves_single_masks_alone() -> None:
    slots = examples.mask_some([5, 6, 7], [True, False, True], IDS)

    assert examples.shorten(slots, IDS, np.random.default_rng(0)) == slots


@given(st.lists(TEXT_TOKENS, min_size=1, max_size=200), st.integers(1, 150), SEEDS)
def test_spans_lie_apart_and_inside(tokens: list[int], budget: int, seed: int) -> None:
    spans = examples.choose_spans(tokens, IDS.newline, budget, np.random.default_rng(seed))

    assert spans
    assert all(0 <= start < end <= len(tokens) for start, end in spans)
    assert all(end - start <= examples.LONGEST_SPAN_TOKENS for start, end in spans)
    assert all(end < start for (_, end), (start, _) in pairwise(spans))


@given(st.lists(TEXT_TOKENS, min_size=128, max_size=128), SEEDS)
def test_an_example_fills_its_window(tokens: list[int], seed: int) -> None:
    inputs, targets = examples.make_example(tokens, 64, Task(), IDS, np.random.default_rng(seed))

    assert inputs.shape == targets.shape == (64,)
    assert ((inputs == IDS.mask) == (targets != IGNORED)).all()
    assert (targets != IGNORED).any()
    # Special tokens are never part of the visible text.
    assert not np.isin(inputs, (IDS.expand, IDS.delete)).any()


@given(st.lists(TEXT_TOKENS, min_size=128, max_size=128), SEEDS)
def test_visible_text_of_an_example_is_the_files(tokens: list[int], seed: int) -> None:
    slots = examples.corrupt(tokens, 64, Task(everywhere=0.0), IDS, np.random.default_rng(seed))

    assert put_back(slots, tokens) == tokens


def test_most_spans_are_whole_lines() -> None:
    tokens = [3 if place % 10 == 9 else 4 + place % 10 for place in range(400)]
    rng = np.random.default_rng(0)

    starts = [examples.choose_span(tokens, IDS.newline, rng)[0] for _ in range(400)]

    assert sum(start == 0 or tokens[start - 1] == IDS.newline for start in starts) > 220


def test_the_plain_task_is_the_majority() -> None:
    rng = np.random.default_rng(0)
    tokens = [3 if place % 12 == 11 else 4 + place % 12 for place in range(320)]
    targets = np.concatenate([examples.make_example(tokens, 256, Task(), IDS, rng)[1] for _ in range(300)])
    asked = targets[targets != IGNORED]

    resized = np.isin(asked, (IDS.expand, IDS.delete)).mean()
    assert 0.02 < resized < 0.35
    assert (asked == IDS.expand).any()
    assert (asked == IDS.delete).any()


@pytest.mark.parametrize("edit", list(Edit))
def test_the_same_seed_makes_the_same_slots(edit: Edit) -> None:
    tokens = list(range(4, 34))

    first = examples.corrupt_span(tokens, edit, Task(), IDS, np.random.default_rng(7))
    second = examples.corrupt_span(tokens, edit, Task(), IDS, np.random.default_rng(7))

    assert first == second
