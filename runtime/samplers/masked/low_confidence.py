"""Low-confidence re-masking, as LLaDA names it: the same number of slots in each step."""

from collections.abc import Sequence

from runtime.samplers.masked.blockwise import Turn
from runtime.samplers.masked.scheduled import ScheduledSampler
from runtime.samplers.masked.settling import ranked, settle
from runtime.samplers.masked.token_choice import Offer


class LowConfidence(ScheduledSampler):
    """A block of n masks and N steps: ⌊n/N⌋ slots a step, one more in each of the first n mod N.

    All slots are predicted and those of low confidence masked again before anything is committed, so
    a committed slot stays. Source: LLaDA (arXiv 2502.09992), `generate.py`.
    """

    def _step(self, turn: Turn, offers: Sequence[Offer], *, final: bool) -> bool:
        best = ranked(offers, lambda offer: offer.probability)
        each, remainder = divmod(self._schedule.slots, self._schedule.total)
        count = len(best) if final else each + (self._schedule.taken < remainder)
        return settle(turn.canvas, best[:count], best[count:], turn.constraint, final=final) > 0
