"""Edit similarity against a slow reference; means."""

import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.scores import Score, summary
from lsp_server.evaluation.likeness import edit_similarity

texts = st.text("ab \n", max_size=8)


@functools.cache
def distance(one: str, other: str) -> int:
    """Levenshtein's definition, by recursion."""
    if not one or not other:
        return len(one) + len(other)
    if one[0] == other[0]:
        return distance(one[1:], other[1:])
    return 1 + min(distance(one[1:], other), distance(one, other[1:]), distance(one[1:], other[1:]))


@given(one=texts, other=texts)
def test_similarity_is_what_is_left_of_the_distance(one: str, other: str) -> None:
    longest = max(len(one), len(other))
    expected = 1 - distance(one, other) / longest if longest else 1.0
    assert edit_similarity(one, other) == pytest.approx(expected)


def test_a_summary_weighs_rows_alike_and_tokens_by_passes() -> None:
    found = summary(
        [
            Score(exact=True, similarity=1.0, passes=2, tokens=6, ms=10),
            Score(exact=False, similarity=0.5, passes=8, tokens=4, ms=90),
            Score(exact=False, similarity=0.0, passes=2, tokens=2, ms=20),
        ]
    )
    assert found.rows == 3
    assert found.exact_match == pytest.approx(1 / 3)
    assert found.edit_similarity == pytest.approx(0.5)
    assert found.passes == 4
    assert found.tokens_per_pass == 1
    assert found.ms == 20
