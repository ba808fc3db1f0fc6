"""CAL: the length at which the model is most confident, found before anything is committed.

Source: Diffusion LMs Can Approximate Optimal Infilling Lengths Implicitly (arXiv 2602.00476, section 4 and
appendix A) and the authors' code, NiuHechang/Calibrated_Adaptive_Length.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from runtime.canvas import Canvas
from runtime.denoisers.base import MaskedDenoiser
from runtime.lengths.edits import replace_barred
from runtime.predictions import Predictions

TOLERANCE = 4
"""Lengths in a row that may be no better before a direction is given up (D)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthBias:
    """B(L) = a·exp(-bL) + c·exp(-dL) + e: how confident a model is at length L whatever the text.

    Short canvases are easy to be confident about; dividing by B leaves what speaks for the length
    itself. The values are the authors' fit, which they use for LLaDA, Dream-Coder and DiffuCoder alike.
    """

    a: float = 1.00
    b: float = 1.77
    c: float = 0.56
    d: float = 0.06
    e: float = 0.24

    def __call__(self, slots: int) -> float:
        """The bias at a length of `slots` slots, 1 or more."""
        return self.a * math.exp(-self.b * slots) + self.c * math.exp(-self.d * slots) + self.e


class CalibratedLength:
    """Climbs from a first guess, upwards and then downwards, one slot at a time.

    The height is Phi(L)/B(L), where Phi is the mean probability of each slot's likeliest token on a canvas
    of L masks. Each length looked at is one pass.
    """

    name = "cal"
    knows_length = False

    def __init__(self, slots: int, *, barred: frozenset[int], bias: LengthBias | None = None) -> None:
        """`slots`: the first guess; `barred` tokens are never committed."""
        self._slots = slots
        self._barred = barred
        self._bias = bias or LengthBias()

    def start(self, denoiser: MaskedDenoiser, limit: int) -> Canvas:
        """A canvas of the best length found; at least four passes each way, where there is room."""

        def height(slots: int) -> float:
            answer = denoiser.predict(Canvas(slots), range(slots))
            confidence = np.exp(answer.top_logprobs[:, 0].astype(np.float64)).mean()
            return float(confidence) / self._bias(slots)

        guess = min(self._slots, limit)
        best = guess, height(guess)
        best = _climb(best, range(guess + 1, limit + 1), height)
        best = _climb(best, range(guess - 1, 0, -1), height)
        return Canvas(best[0])

    def update(self, canvas: Canvas, block: range, predictions: Predictions, limit: int) -> bool:  # noqa: ARG002
        """Keep the length that was found."""
        replace_barred(canvas, block, predictions, self._barred)
        return False


def _climb(
    best: tuple[int, float], lengths: Iterable[int], height: Callable[[int], float]
) -> tuple[int, float]:
    """The best of `best` and what lies in one direction, until `TOLERANCE` lengths in a row are no better."""
    worse = 0
    for slots in lengths:
        found = height(slots)
        if found > best[1]:
            best, worse = (slots, found), 0
            continue
        worse += 1
        if worse >= TOLERANCE:
            break
    return best
