"""Drafts from matching text in the context: prompt lookup.

Code repeats itself. Where the last few tokens have stood before, what followed them then is a
good guess now. https://github.com/apoorvumang/prompt-lookup-decoding
"""

from collections.abc import Sequence

from runtime.drafts.base import Draft

LONGEST, SHORTEST = 4, 1


class ContextLookup:
    """Finds the newest earlier occurrence of the last tokens, longest match first."""

    def __init__(self) -> None:
        self._tokens: list[int] = []
        self._places: dict[tuple[int, ...], int] = {}
        self._indexed = 0
        self._context = 0

    def begin(self, context: Sequence[int], previous: Sequence[int]) -> None:  # noqa: ARG002 - protocol
        """Index the prompt."""
        self._tokens = list(context)
        self._context = len(self._tokens)
        self._places = {}
        self._indexed = 0

    def propose(self, committed: Sequence[int], limit: int) -> Draft | None:
        """What followed the last tokens before."""
        self._tokens[self._context :] = committed
        self._index()
        for length in range(min(LONGEST, len(self._tokens)), SHORTEST - 1, -1):
            place = self._places.get(tuple(self._tokens[-length:]))
            if place is not None:
                return Draft(f"lookup{length}", tuple(self._tokens[place : place + limit]))
        return None

    def _index(self) -> None:
        # An n-gram is indexed once a token follows it, so the newest one never finds itself.
        for place in range(self._indexed, len(self._tokens)):
            for length in range(SHORTEST, min(LONGEST, place) + 1):
                self._places[tuple(self._tokens[place - length : place])] = place
        self._indexed = len(self._tokens)

    def learn(self, leftover: Sequence[int]) -> None:
        """Nothing to learn."""
