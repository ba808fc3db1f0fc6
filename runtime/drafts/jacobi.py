"""Drafts from the pass before: its answers for the slots after the first wrong draft.

Jacobi iteration (arXiv 2305.10427): those answers were given on a wrong token, but many survive it.
"""

from collections.abc import Sequence

from runtime.drafts.base import Draft


class JacobiGuess:
    """Hands the newest pass's leftover answers back as drafts."""

    def __init__(self) -> None:
        self._leftover: tuple[int, ...] = ()

    def begin(self, context: Sequence[int], previous: Sequence[int]) -> None:  # noqa: ARG002 - protocol
        """Forget the last fill."""
        self._leftover = ()

    def propose(self, committed: Sequence[int], limit: int) -> Draft | None:  # noqa: ARG002 - protocol
        """The leftover answers."""
        return Draft("jacobi", self._leftover[:limit]) if self._leftover else None

    def learn(self, leftover: Sequence[int]) -> None:
        """Take the answers for the slots after the newest committed one."""
        self._leftover = tuple(leftover)
