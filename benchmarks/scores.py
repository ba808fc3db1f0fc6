"""What a fill is worth: compared with what was there, and with what it cost."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One hole filled once."""

    exact: bool
    similarity: float
    """See `lsp_server.evaluation.likeness.edit_similarity`."""
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
