"""Block after block, until the model ends the text.

Source: block diffusion (arXiv 2503.09573), as block-causal models generate (Fast-dLLM v2,
arXiv 2509.26328); semi-autoregressive decoding of LLaDA (arXiv 2502.09992) without a fixed length.
"""

from runtime.canvas import Canvas
from runtime.denoisers.base import MaskedDenoiser
from runtime.lengths.edits import committed_slots, cut_behind_end, replace_barred
from runtime.predictions import Predictions


class Blocks:
    """Adds a block of masks whenever all slots are settled and none of them ends the text.

    The borders of blocks are counted from `origin` tokens before the canvas, for a block-causal model counts
    its own from the text's first token: the first block may be shorter. Slots behind a committed end are
    dropped at once, and no more slots are ever added than the limit allows: a sampler that masks ends again
    can't have the canvas cut and continued without end.
    """

    name = "blocks"
    knows_length = False

    def __init__(self, block_slots: int, *, origin: int, end: frozenset[int], barred: frozenset[int]) -> None:
        """`end` tokens end the text; `barred` ones are never committed."""
        self._block_slots = block_slots
        self._origin = origin
        self._end = end
        self._barred = barred
        self._added = 0

    def start(self, denoiser: MaskedDenoiser, limit: int) -> Canvas:  # noqa: ARG002
        """Masks up to the first border."""
        canvas = Canvas()
        self._added = 0
        self._append(canvas, limit)
        return canvas

    def update(self, canvas: Canvas, block: range, predictions: Predictions, limit: int) -> bool:
        """Cut the text behind its end, or go on with it."""
        replace_barred(canvas, block, predictions, self._barred)
        cut = cut_behind_end(canvas, self._end)
        if canvas.masked or committed_slots(canvas, self._end):
            return cut
        return self._append(canvas, limit)

    def _append(self, canvas: Canvas, limit: int) -> bool:
        filled = (self._origin + len(canvas)) % self._block_slots
        count = min(self._block_slots - filled, limit - self._added)
        canvas.extend(count)
        self._added += count
        return count > 0
