"""Draft sources and the record of how often each is right."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.drafts.acceptance import PRIORS, Acceptance
from runtime.drafts.base import Draft, DraftSource
from runtime.drafts.jacobi import JacobiGuess
from runtime.drafts.lookup import LONGEST, ContextLookup
from runtime.drafts.previous import PreviousText

tokens = st.lists(st.integers(0, 3), max_size=30)


def begun(source: DraftSource, context: list[int], previous: list[int]) -> DraftSource:
    source.begin(context, previous)
    return source


@pytest.mark.parametrize("make", [ContextLookup, JacobiGuess, PreviousText])
@given(context=tokens, previous=tokens, committed=tokens, limit=st.integers(0, 8), leftover=tokens)
def test_every_source_keeps_to_the_limit(
    make: Callable[[], DraftSource],
    context: list[int],
    previous: list[int],
    committed: list[int],
    limit: int,
    leftover: list[int],
) -> None:
    source = begun(make(), context, previous)
    source.learn(leftover)
    for count in range(len(committed) + 1):
        draft = source.propose(committed[:count], limit)
        assert draft is None or len(draft.tokens) <= limit


class TestContextLookup:
    def test_what_followed_before_follows_again(self) -> None:
        source = begun(ContextLookup(), [1, 2, 3, 4, 5, 9, 2, 3], [])
        assert source.propose([], 3) == Draft("lookup2", (4, 5, 9))
        assert source.propose([4], 3) == Draft("lookup3", (5, 9, 2))

    def test_the_longest_match_wins_over_a_newer_one(self) -> None:
        source = begun(ContextLookup(), [7, 8, 1, 9, 8, 2, 7, 8], [])
        draft = source.propose([], 1)
        assert draft == Draft("lookup2", (1,))

    def test_among_equals_the_newest_wins(self) -> None:
        source = begun(ContextLookup(), [8, 1, 8, 2, 8], [])
        assert source.propose([], 1) == Draft("lookup1", (2,))

    def test_what_was_committed_is_text_too(self) -> None:
        source = begun(ContextLookup(), [1], [])
        assert source.propose([5, 6, 7, 5], 2) == Draft("lookup1", (6, 7))

    def test_nothing_matches(self) -> None:
        assert begun(ContextLookup(), [1, 2, 3], []).propose([], 5) is None
        assert begun(ContextLookup(), [], []).propose([], 5) is None

    def test_a_new_fill_forgets_the_last(self) -> None:
        source = begun(ContextLookup(), [1, 2, 1], [])
        assert source.propose([], 1) is not None
        source.begin([3, 4, 1], [])
        assert source.propose([], 1) is None

    @given(context=tokens, committed=tokens)
    def test_against_a_plain_search(self, context: list[int], committed: list[int]) -> None:
        source = begun(ContextLookup(), context, [])
        for count in range(len(committed) + 1):
            found = source.propose(committed[:count], 4)
            text = context + committed[:count]
            assert found == plain_search(text, 4)


def plain_search(text: list[int], limit: int) -> Draft | None:
    for length in range(min(LONGEST, len(text)), 0, -1):
        tail = text[-length:]
        for start in range(len(text) - length - 1, -1, -1):
            if text[start : start + length] == tail:
                return Draft(f"lookup{length}", tuple(text[start + length :][:limit]))
    return None


class TestPreviousText:
    def test_it_is_followed(self) -> None:
        source = begun(PreviousText(), [], [1, 2, 3, 4])
        assert source.propose([], 2) == Draft("previous", (1, 2))
        assert source.propose([1, 2], 9) == Draft("previous", (3, 4))
        assert source.propose([1, 2, 3, 4], 9) is None

    def test_it_is_found_again_after_a_change(self) -> None:
        source = begun(PreviousText(), [], [1, 2, 3, 4, 5, 6])
        assert source.propose([1, 9], 2) is None
        assert source.propose([1, 9, 3, 4], 2) == Draft("previous", (5, 6))
        assert source.propose([1, 3, 4], 2) == Draft("previous", (5, 6))

    def test_the_nearest_place_is_taken(self) -> None:
        source = begun(PreviousText(), [], [5, 6, 7, 0, 0, 0, 5, 6, 8])
        assert source.propose([9, 5, 6], 1) == Draft("previous", (7,))
        assert source.propose([9, 0, 0, 0, 0, 0, 5, 6], 1) == Draft("previous", (8,))

    def test_there_was_none(self) -> None:
        assert begun(PreviousText(), [1, 2], []).propose([], 5) is None


class TestJacobiGuess:
    def test_leftover_answers_come_back(self) -> None:
        source = begun(JacobiGuess(), [], [])
        source.learn([4, 5, 6])
        assert source.propose([1], 2) == Draft("jacobi", (4, 5))
        assert source.propose([1], 5) == Draft("jacobi", (4, 5, 6, 6, 6))

    def test_the_newest_token_starts_the_iteration(self) -> None:
        source = begun(JacobiGuess(), [7, 8], [])
        assert source.propose([], 2) == Draft("jacobi", (8, 8))
        assert source.propose([3], 2) == Draft("jacobi", (3, 3))

    def test_a_new_fill_forgets_the_last(self) -> None:
        source = begun(JacobiGuess(), [], [])
        source.learn([4])
        source.begin([], [])
        assert source.propose([], 3) is None


class TestAcceptance:
    @given(
        st.lists(
            st.tuples(st.sampled_from([*PRIORS, "another"]), st.integers(0, 31), st.booleans()), max_size=60
        )
    )
    def test_rates_are_chances(self, events: list[tuple[str, int, bool]]) -> None:
        acceptance = Acceptance()
        for source, right, wrong in events:
            acceptance.count(source, right, wrong)
            assert 0 < acceptance.rate(source) < 1

    def test_experience_moves_the_rate(self) -> None:
        acceptance = Acceptance()
        before = acceptance.rate("lookup2")
        assert before == pytest.approx(PRIORS["lookup2"])
        acceptance.count("lookup2", 5, False)
        assert acceptance.rate("lookup2") > before
        for _ in range(50):
            acceptance.count("lookup2", 0, True)
        assert acceptance.rate("lookup2") < 0.2
        assert acceptance.rate("lookup3") == pytest.approx(PRIORS["lookup3"])

    def test_what_is_old_fades(self) -> None:
        acceptance = Acceptance()
        for _ in range(1000):
            acceptance.count("jacobi", 5, False)
        for _ in range(1000):
            acceptance.count("jacobi", 0, True)
        assert acceptance.rate("jacobi") < 0.05
