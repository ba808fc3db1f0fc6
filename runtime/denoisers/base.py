"""What length policies and the denoising loop ask of a masked model, whatever its attention."""

from collections.abc import Sequence
from typing import Protocol

from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.predictions import Predictions


class MaskedDenoiser(Protocol):
    """Runs passes over a canvas that stands between two texts.

    Un-shifting happens behind this edge: row i of an answer is always for slot `block.start + i`.
    """

    passes: int
    """Passes run since `begin`; those that only fill the cache are not counted."""

    def begin(self, before: Sequence[int], after: Sequence[int], cancel: CancelToken) -> int:
        """Put the canvas between `before` and `after`; returns how many of their tokens are cached."""
        ...

    def aligned(self, block: range) -> range:
        """The part of `block`, from its start, that one pass can give predictions for.

        All of it for a bidirectional model; up to the end of the model's own block for a block-causal one.
        """
        ...

    def predict(self, canvas: Canvas, block: range) -> Predictions:
        """Predictions for the slots of `block`, seeing every slot's present token.

        A slot that is masked is seen as a mask; a slot that holds a draft or a committed token as that
        token. Predictions never name the mask itself.
        """
        ...

    def blind(self, canvas: Canvas, block: range, slots: Sequence[int]) -> Predictions:
        """One row for each of `slots`: its prediction with its own token hidden and all others shown."""
        ...
