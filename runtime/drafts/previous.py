"""Drafts from what the hole held before: an older suggestion, or the text being regenerated."""

from collections.abc import Sequence

from runtime.drafts.base import Draft

RESYNC_TOKENS = 2
"""This many matching tokens put a diverged text back in step."""


class PreviousText:
    """Follows the old text, and finds it again after the new one has departed from it."""

    def __init__(self) -> None:
        self._previous: list[int] = []

    def begin(self, context: Sequence[int], previous: Sequence[int]) -> None:  # noqa: ARG002 - protocol
        """Take the hole's old tokens."""
        self._previous = list(previous)

    def propose(self, committed: Sequence[int], limit: int) -> Draft | None:
        """The old text's tokens from where the new one stands in it."""
        position = self._position(committed)
        if position is None:
            return None
        tokens = tuple(self._previous[position : position + limit])
        return Draft("previous", tokens) if tokens else None

    def _position(self, committed: Sequence[int]) -> int | None:
        count = len(committed)
        if list(committed) == self._previous[:count]:
            return count
        if count < RESYNC_TOKENS:
            return None
        tail = list(committed[-RESYNC_TOKENS:])
        # Nearest to the same place first: text inserted or deleted moves the rest only a little.
        places = range(RESYNC_TOKENS, len(self._previous) + 1)
        for place in sorted(places, key=lambda place: abs(place - count)):
            if self._previous[place - RESYNC_TOKENS : place] == tail:
                return place
        return None

    def learn(self, leftover: Sequence[int]) -> None:
        """Nothing to learn."""
