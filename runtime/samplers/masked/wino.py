"""WINO, wide in, narrow out: draft freely, and take back what does not hold in its new surroundings."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from runtime.samplers.masked.blockwise import BlockwiseSampler, Turn
from runtime.samplers.masked.plan import Plan
from runtime.samplers.masked.settings import Setting
from runtime.samplers.masked.settling import ranked, settle
from runtime.samplers.masked.token_choice import Offer

WIDEST_SHARE, WIDEST_LEAST, WIDEST_MOST = 0.7, 5, 20
"""A pass accepts at most this share of the block's masks, but up to 5, and never more than 20."""


class Wino(BlockwiseSampler):
    """Accepts every mask with p > tau_1 and masks again what is less likely than tau_2 without itself.

    A committed slot of the block is scored by the probability of its token in an answer that sees all
    slots but this one, as they were before the pass. A pass that would accept one slot only takes nothing
    back, and none takes back as many as the pass before it accepted: so n masks take n passes at most.
    Second looks are not counted among them.

    Source: arXiv 2507.18578 and Feng-Hong/WINO-DLLM, whose second look shares the first one's pass by
    a shadow mask behind the text for each slot of the block.
    """

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "accept": Setting(
            default=0.6, low=0, high=1, meaning="probability above which a mask is taken (tau_1)"
        ),
        "keep": Setting(
            default=0.9, low=0, high=1, meaning="probability below which it is taken back (tau_2)"
        ),
    }

    def __init__(self, plan: Plan, settings: Mapping[str, float]) -> None:
        super().__init__(plan, settings)
        self._accepted = 1
        """Slots that the pass before committed."""

    def _most(self, slots: int) -> int:
        return slots

    def _settle(self, turn: Turn) -> None:
        offers = self._choice.offers(turn.predictions, turn.block, turn.open_slots)
        best = ranked(offers, lambda offer: offer.probability)
        count = self._width(best)
        doubts: list[tuple[float, int]] = []
        if min(count, self._accepted) > 1:
            doubts = self._doubts(turn)
        accepted = settle(turn.canvas, best[:count], best[count:], turn.constraint, final=turn.final)
        for _, slot in doubts[: self._accepted - 1]:
            turn.canvas.remask(slot)
        self._accepted = accepted

    def _width(self, best: Sequence[Offer]) -> int:
        sure = sum(offer.probability > self._settings["accept"] for offer in best)
        widest = min(max(int(WIDEST_SHARE * len(best)), WIDEST_LEAST), WIDEST_MOST)
        return max(1, min(sure, widest))

    def _doubts(self, turn: Turn) -> list[tuple[float, int]]:
        """(probability, slot) of the block's tokens that do not hold, the least likely first."""
        slots = turn.closed_slots
        if not slots:
            return []
        answer = turn.denoiser.blind(turn.canvas, turn.block, slots)
        found: list[tuple[float, int]] = []
        for row, slot in enumerate(slots):
            held = answer.top_ids[row] == turn.canvas.ids[slot]
            # A token that isn't among the k likeliest is less likely than any setting allows.
            probability = float(np.exp(answer.top_logprobs[row][held].astype(np.float64)).sum())
            if probability < self._settings["keep"]:
                found.append((probability, slot))
        return sorted(found)
