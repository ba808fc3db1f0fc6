"""A canvas of as many slots as it was asked for."""

from runtime.canvas import Canvas
from runtime.denoisers.base import MaskedDenoiser
from runtime.lengths.edits import cut_behind_end, replace_barred
from runtime.predictions import Predictions


class FixedLength:
    """`slots` slots, whatever the model makes of them.

    Tokens that ask for more room are not committed, as in the fixed-length evaluation of DreamOn
    (arXiv 2602.01326), which takes their logits away.
    """

    name = "fixed"
    knows_length = False

    def __init__(self, slots: int, *, barred: frozenset[int], end: frozenset[int] = frozenset()) -> None:
        """`barred` tokens are never committed; behind the first `end` token no slot is kept."""
        self._slots = slots
        self._barred = barred
        self._end = end

    def start(self, denoiser: MaskedDenoiser, limit: int) -> Canvas:  # noqa: ARG002
        """The slots asked for, as far as the limit allows."""
        return Canvas(min(self._slots, limit))

    def update(self, canvas: Canvas, block: range, predictions: Predictions, limit: int) -> bool:  # noqa: ARG002
        """Keep the length, but for what stands behind the text's end."""
        replace_barred(canvas, block, predictions, self._barred)
        return cut_behind_end(canvas, self._end)
