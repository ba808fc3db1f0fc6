"""What a fill is worth: compared with what was there, and with what it cost."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One hole filled once."""

    exact: bool
    similarity: float
    """See `edit_similarity`."""
    passes: int
    tokens: int
    """Of the text that was filled in; deleted slots are none."""
    ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Over all holes."""

    rows: int
    exact_match: float
    edit_similarity: float
    passes: float
    tokens_per_pass: float
    """All tokens over all passes."""
    ms: float
    """The median; the other figures are means."""


def summary(scores: Sequence[Score]) -> Summary:
    """Of at least one score."""
    rows, passes = len(scores), sum(score.passes for score in scores)
    return Summary(
        rows=rows,
        exact_match=sum(score.exact for score in scores) / rows,
        edit_similarity=sum(score.similarity for score in scores) / rows,
        passes=passes / rows,
        tokens_per_pass=sum(score.tokens for score in scores) / passes if passes else 0.0,
        ms=statistics.median(score.ms for score in scores),
    )


def edit_similarity(one: str, other: str) -> float:
    """1 - Levenshtein distance / length of the longer text; 1 for two empty ones."""
    if not one or not other:
        return float(one == other)
    row = list(range(len(other) + 1))
    for count, sign in enumerate(one, 1):
        diagonal, row[0] = row[0], count
        for place, opposite in enumerate(other, 1):
            cost = min(row[place] + 1, row[place - 1] + 1, diagonal + (sign != opposite))
            diagonal, row[place] = row[place], cost
    return 1 - row[-1] / max(len(one), len(other))
