"""Drafts from the pass before: its answers for the slots after the first wrong draft.

Jacobi iteration (arXiv 2305.10427): those answers were given on a wrong token, but many survive it.
Any guess starts it; the text's own newest token is one that code sometimes repeats.
"""

from collections.abc import Sequence

from runtime.drafts.base import Draft


class JacobiGuess:
    """Hands the newest pass's leftover answers back as drafts."""

    def __init__(self) -> None:
        self._leftover: tuple[int, ...] = ()
        self._newest: tuple[int, ...] = ()

    def begin(self, context: Sequence[int], previous: Sequence[int]) -> None:  # noqa: ARG002 - protocol
        """Forget the last fill."""
        self._leftover = ()
        self._newest = tuple(context[-1:])

    def propose(self, committed: Sequence[int], limit: int) -> Draft | None:
        """The leftover answers, and behind them the last one over again."""
        guess = self._leftover or tuple(committed[-1:]) or self._newest
        if not guess or limit < 1:
            return None
        return Draft("jacobi", (guess + guess[-1:] * limit)[:limit])

    def learn(self, leftover: Sequence[int]) -> None:
        """Take the answers for the slots after the newest committed one."""
        self._leftover = tuple(leftover)
