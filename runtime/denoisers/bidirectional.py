"""Bidirectional models: the canvas in the middle of its text, behind whatever rows are reused.

Order lives in the positions, so a pass lays its tokens as [reused rows | others | active block] and a
cached row may stand anywhere (docs/architecture.md). Un-shifting happens here and nowhere else.
"""

from collections.abc import Sequence

import numpy as np

from runtime.caches.base import CachePolicy
from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.errors import UsageError
from runtime.predictions import Predictions
from runtime.request import SlotState
from runtime.session import DenoiserSession


def mask_of(session: DenoiserSession) -> int:
    """The token that stands in for a masked slot.

    Raises:
        UsageError: the model has none.
    """
    mask = session.manifest.tokens.mask
    if mask is None:
        raise UsageError(f"{session.manifest.name} has no mask token, so it can't denoise a masked canvas.")
    return mask


def shown(canvas: Canvas, mask: int) -> list[int]:
    """Token ids of the slots as the model sees them."""
    return [
        mask if state is SlotState.MASKED else token
        for token, state in zip(canvas.ids, canvas.states, strict=True)
    ]


class BidirectionalDenoiser:
    """Runs canvas passes between a prefix and a suffix."""

    def __init__(self, session: DenoiserSession, cache: CachePolicy) -> None:
        self.passes = 0
        self._session = session
        self._cache = cache
        self._mask = mask_of(session)
        self._before: list[int] = []
        self._after: list[int] = []
        self._cancel = CancelToken()
        self._kept: tuple[int, range] | None = None
        """What the cached rows were computed for: the text's length and the active positions."""
        self._served = 0

    def begin(self, before: Sequence[int], after: Sequence[int], cancel: CancelToken) -> int:
        """Put the canvas between two texts; 0, for their rows depend on the canvas."""
        self._before, self._after, self._cancel = list(before), list(after), cancel
        self._forget()
        self.passes = 0
        return 0

    def _forget(self) -> None:
        self._session.truncate(0)
        self._kept, self._served = None, 0

    def aligned(self, block: range) -> range:
        """The whole block."""
        return block

    def predict(self, canvas: Canvas, block: range) -> Predictions:
        """Predictions for the slots of `block`."""
        self._cancel.check()
        return self._pass(shown(canvas, self._mask), block)

    def blind(self, canvas: Canvas, block: range, slots: Sequence[int]) -> Predictions:
        """Each slot's prediction with its own token hidden: one pass for each of them."""
        rows: list[Predictions] = []
        for slot in slots:
            self._cancel.check()
            tokens = shown(canvas, self._mask)
            tokens[slot] = self._mask
            rows.append(self._pass(tokens, block).rows(slot - block.start, 1))
        return Predictions.joined(rows)

    def _pass(self, slots: list[int], block: range) -> Predictions:
        self.passes += 1
        tokens = np.array([*self._before, *slots, *self._after], np.int64)
        first, width = len(self._before) + block.start, len(block)
        # A shifted model answers for a slot at the token before it.
        lead = int(self._session.manifest.shift and first > 0)
        active = range(first - lead, first + width)
        if self._session.manifest.cache is None:
            answer = self._session.forward(tokens).rows(active.start, len(active))
        else:
            answer = self._behind_cache(tokens, active)
        if not self._session.manifest.shift:
            return answer
        if lead:
            return answer.rows(0, width)
        # Nothing stands before the text's first slot; its own answer is taken (Dream's convention).
        return Predictions.joined([answer.rows(0, 1), answer.rows(0, width - 1)])

    def _behind_cache(self, tokens: np.ndarray[tuple[int], np.dtype[np.int64]], active: range) -> Predictions:
        frozen = self._cache.frozen(len(tokens), active)
        state = len(tokens), active
        renew = state != self._kept or self._cache.stale(self._served)
        reused = set(frozen)
        rest = [place for place in range(len(tokens)) if place not in reused and place not in active]
        places = np.array([*(frozen if renew else []), *rest, *active], np.int64)
        if renew:
            self._forget()
        answer = self._session.forward(tokens[places], places, skip=len(places) - len(active))
        if renew:
            self._session.advance(len(frozen))
            self._kept = state
        self._served += 1
        return answer
