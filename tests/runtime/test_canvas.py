import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.canvas import NO_TOKEN, Canvas
from runtime.request import SlotState


def test_it_starts_masked() -> None:
    canvas = Canvas(3)
    assert canvas.ids == [NO_TOKEN] * 3
    assert canvas.states == [SlotState.MASKED] * 3
    assert canvas.frontier == 0
    assert canvas.committed == []


def test_the_frontier_waits_for_gaps() -> None:
    canvas = Canvas(4)
    canvas.commit(0, 10, -0.1)
    canvas.commit(2, 12, -0.2)
    assert canvas.committed == [10]
    canvas.commit(1, 11, -0.3)
    assert canvas.committed == [10, 11, 12]
    canvas.remask(1)
    assert canvas.committed == [10]
    assert canvas.ids == [10, NO_TOKEN, 12, NO_TOKEN]
    assert canvas.logprobs[1] == 0.0


def test_committed_slots_take_no_drafts() -> None:
    canvas = Canvas(2)
    canvas.commit(0, 1, -1.0)
    with pytest.raises(AssertionError):
        canvas.draft(0, 5)
    canvas.draft(1, 5)
    assert canvas.states == [SlotState.COMMITTED, SlotState.DRAFT]


@given(
    committed=st.lists(st.integers(0, 99), max_size=6),
    stale=st.lists(st.integers(0, 99), max_size=6),
    drafts=st.lists(st.integers(0, 99), max_size=6),
    block=st.integers(0, 8),
)
def test_redraft_replaces_what_is_not_committed(
    committed: list[int], stale: list[int], drafts: list[int], block: int
) -> None:
    canvas = Canvas(len(committed) + len(stale))
    for slot, token in enumerate(committed):
        canvas.commit(slot, token, -1.0)
    for slot, token in enumerate(stale, len(committed)):
        canvas.draft(slot, token)
    canvas.redraft(drafts, block)
    assert canvas.committed == committed
    assert len(canvas) == len(committed) + max(block, len(drafts) + 1)  # the answer takes one as well
    assert canvas.ids[len(committed) :][: len(drafts)] == drafts
    assert set(canvas.states[len(committed) + len(drafts) :]) <= {SlotState.MASKED}
    assert len(canvas.ids) == len(canvas.states) == len(canvas.logprobs) == len(canvas.candidates)


@given(st.integers(0, 8), st.integers(0, 8))
def test_shorten(committed: int, kept: int) -> None:
    canvas = Canvas(8)
    for slot in range(committed):
        canvas.commit(slot, slot, -1.0)
    canvas.shorten(kept)
    assert len(canvas) == kept
    assert canvas.committed == list(range(min(committed, kept)))
    assert len(canvas.ids) == len(canvas.states) == len(canvas.logprobs) == len(canvas.candidates)


def test_masks_are_inserted_and_slots_removed_with_the_frontier_kept_true() -> None:
    canvas = Canvas(3)
    for slot, token in enumerate((7, 8, 9)):
        canvas.commit(slot, token, -0.5)
    assert canvas.frontier == 3

    canvas.insert(1, 2)
    assert canvas.frontier == 1
    assert canvas.ids == [7, NO_TOKEN, NO_TOKEN, 8, 9]
    assert canvas.masked == [1, 2]

    canvas.remove(1)
    assert canvas.frontier == 1
    canvas.remove(1)
    assert canvas.ids == canvas.committed == [7, 8, 9]

    canvas.remove(0)
    assert canvas.frontier == 2


def test_a_remasked_slot_pulls_the_frontier_back() -> None:
    canvas = Canvas(3)
    for slot in (2, 0, 1):
        canvas.commit(slot, slot, -0.1)
    assert canvas.frontier == 3
    canvas.remask(1)
    assert canvas.frontier == 1
    canvas.commit(1, 5, -0.1)
    assert canvas.frontier == 3
