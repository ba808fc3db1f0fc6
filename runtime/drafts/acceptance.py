"""How often each draft source is right, counted as it happens."""

from collections import defaultdict

PRIORS = {
    "previous": 0.9,
    "lookup4": 0.75,
    "lookup3": 0.6,
    "lookup2": 0.4,
    "lookup1": 0.2,
    "jacobi": 0.2,
    "mask1": 0.45,
    "mask2": 0.4,
    "mask3": 0.35,
}
PRIOR_WEIGHT = 8.0
HORIZON = 400.0
"""Older counts fade so that the estimate follows what is being edited now."""


class Acceptance:
    """Beta-mean estimates of the chance that one more token of a source is right."""

    def __init__(self) -> None:
        self._right: defaultdict[str, float] = defaultdict(float)
        self._wrong: defaultdict[str, float] = defaultdict(float)

    def rate(self, source: str) -> float:
        """Chance that a draft token is right, given that those before it were."""
        prior = PRIORS.get(source, 0.3)
        right = self._right[source] + prior * PRIOR_WEIGHT
        return right / (self._right[source] + self._wrong[source] + PRIOR_WEIGHT)

    def count(self, source: str, right: int, wrong: bool) -> None:
        """Record `right` accepted tokens, and whether one was refused after them."""
        fade = 1.0 if self._right[source] + self._wrong[source] < HORIZON else 0.5
        self._right[source] = (self._right[source] + right) * fade
        self._wrong[source] = (self._wrong[source] + wrong) * fade
