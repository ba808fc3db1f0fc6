"""The timestep grid of Dream: as many slots a step as a linear noise schedule expects to be revealed.

Source: Dream 7B (arXiv 2508.15487), as its generation code and Open-dLLM's have it.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from runtime.samplers.masked.blockwise import Turn
from runtime.samplers.masked.scheduled import STEPS, ScheduledSampler
from runtime.samplers.masked.settings import Setting
from runtime.samplers.masked.settling import ranked, settle
from runtime.samplers.masked.token_choice import Offer


class TimestepSampler(ScheduledSampler):
    """Step i of N commits the best ⌊m · (1 - s/t)⌋ of a block's m masks, the last step all of them.

    t = 1 - i(1 - eps)/N and s = 1 - (i + 1)(1 - eps)/N. What "best" means is the subclass's.
    """

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "steps": STEPS,
        "eps": Setting(default=1e-3, low=0, high=0.5, meaning="where the timestep grid ends (eps)"),
    }

    @abstractmethod
    def _score(self, offer: Offer) -> float:
        """How good a slot's offer is."""

    def _step(self, turn: Turn, offers: Sequence[Offer], *, final: bool) -> bool:
        best = ranked(offers, self._score)
        shown = 1 - self._settings["eps"]
        # The same as 1 - s/t, with one rounding instead of four.
        share = shown / (self._schedule.total - self._schedule.taken * shown)
        count = len(best) if final else math.floor(len(best) * share)
        return settle(turn.canvas, best[:count], best[count:], turn.constraint, final=final) > 0
