"""DAEDAL: a short canvas grows until the model sees its end, and again where the model is at a loss.

Source: Beyond Fixed: Training-Free Variable-Length Denoising for Diffusion Large Language Models
(arXiv 2508.00819) and its code, Li-Jinsong/DAEDAL `models/LLaDA_DAEDAL.py`.
"""

import math

import numpy as np

from runtime.canvas import Canvas
from runtime.denoisers.base import MaskedDenoiser
from runtime.lengths.edits import committed_slots, cut_behind_end, replace_barred
from runtime.predictions import Predictions
from runtime.request import SlotState

GROWTH = 8
"""Masks added at a time, and masks that a hopeless slot becomes (the expansion factor)."""

TAIL_SLOTS = 8
"""Ends that are looked for. The authors look for 32 in answers of hundreds of tokens; this is the value
for holes in code, as in the comparison of CAL's authors (arXiv 2602.00476)."""

END_EXPECTED = 0.5
"""End confidence up to which the first canvas grows."""

END_CERTAIN = 0.9
"""End confidence from which no slot is expanded any more."""

HOPELESS = 0.1
"""Probability of a slot's likeliest token below which it stands for more than one."""


class Daedal:
    """Grows before the first token is committed, and while tokens are.

    The end confidence of a pass is the sum of the end token's probabilities at the last `TAIL_SLOTS` slots
    that answer with it, over `TAIL_SLOTS`. Where it is low, the canvas is too short.

    Masks behind the first committed end are ends too: the authors' models are trained on texts padded with
    it, and nothing behind it is text.
    """

    name = "daedal"
    knows_length = False

    def __init__(self, slots: int, *, end: frozenset[int], barred: frozenset[int]) -> None:
        """`slots`: masks to begin with; `end` tokens end the text; `barred` ones are never committed."""
        self._slots = slots
        self._end = end
        self._barred = barred

    def start(self, denoiser: MaskedDenoiser, limit: int) -> Canvas:
        """A canvas long enough for the model to expect its end on it; one pass for each length tried."""
        canvas = Canvas(min(self._slots, limit))
        while len(canvas) < limit:
            answer = denoiser.predict(canvas, range(len(canvas)))
            if self.end_confidence(answer) >= END_EXPECTED:
                break
            canvas.extend(min(GROWTH, limit - len(canvas)))
        return canvas

    def update(self, canvas: Canvas, block: range, predictions: Predictions, limit: int) -> bool:
        """Expand the slot the model knows least about; drop what stands behind the end at last."""
        replace_barred(canvas, block, predictions, self._barred)
        self._pad(canvas)
        if not canvas.masked:
            return cut_behind_end(canvas, self._end)
        if self.end_confidence(predictions) >= END_CERTAIN:
            return False
        return self._expand(canvas, block, predictions, limit)

    def end_confidence(self, predictions: Predictions) -> float:
        """How certain a pass is that the text ends on the canvas, from 0 to 1."""
        ends = np.isin(predictions.top_ids[:, 0], list(self._end))
        confidences = np.exp(predictions.top_logprobs[ends, 0].astype(np.float64))
        return float(confidences[-TAIL_SLOTS:].sum()) / TAIL_SLOTS

    def _pad(self, canvas: Canvas) -> None:
        ends = committed_slots(canvas, self._end)
        if not ends:
            return
        for slot in range(ends[0] + 1, len(canvas)):
            if canvas.states[slot] is not SlotState.COMMITTED:
                canvas.commit(slot, canvas.ids[ends[0]], canvas.logprobs[ends[0]])

    def _expand(self, canvas: Canvas, block: range, predictions: Predictions, limit: int) -> bool:
        room = limit - len(canvas)
        open_slots = [slot for slot in block if canvas.states[slot] is not SlotState.COMMITTED]
        if not room or not open_slots:
            return False
        best = predictions.top_logprobs[:, 0]
        worst = min(open_slots, key=lambda slot: float(best[slot - block.start]))
        if math.exp(best[worst - block.start]) >= HOPELESS:
            return False
        canvas.insert(worst + 1, min(GROWTH - 1, room))
        canvas.remask(worst)
        return True
