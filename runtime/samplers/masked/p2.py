"""P2, path planning: each step keeps the best slots of the whole block and masks the others again."""

from collections.abc import Sequence

from runtime.samplers.masked.blockwise import Turn
from runtime.samplers.masked.scheduled import ScheduledSampler
from runtime.samplers.masked.settling import ranked, settle
from runtime.samplers.masked.token_choice import Offer


class P2(ScheduledSampler):
    """Step i of N has kappa = (i + 1)/N; of a block's n slots the worst ⌊n(1 - kappa)⌋ are masks after it.

    Committed slots are ranked with the masked ones, each by the probability of what the model would
    write there now; a committed slot that is not among the worst keeps its token. So a token is masked
    again once the text around it makes the model doubt its place. Source: P2 with self-planning
    (arXiv 2502.03540), as in Open-dLLM, where it is the default.
    """

    def _offers(self, turn: Turn) -> list[Offer]:
        return self._choice.offers(turn.predictions, turn.block, turn.block)

    def _step(self, turn: Turn, offers: Sequence[Offer], *, final: bool) -> bool:
        canvas, total = turn.canvas, self._schedule.total
        hidden = 0 if final else len(offers) * (total - self._schedule.taken - 1) // total
        best = ranked(offers, lambda offer: offer.probability)
        kept, worst = best[: len(best) - hidden], best[len(best) - hidden :]
        masks = set(turn.open_slots)
        doubtful = [offer.slot for offer in worst if offer.slot not in masks]
        for slot in doubtful:
            canvas.remask(slot)
        picked = [offer for offer in kept if offer.slot in masks]
        others = [offer for offer in worst if offer.slot in masks]
        return settle(canvas, picked, others, turn.constraint, final=final) > 0 or bool(doubtful)
