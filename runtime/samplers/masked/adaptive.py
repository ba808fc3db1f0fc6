"""Samplers that let the model's own certainty say how many slots a pass commits."""

from abc import abstractmethod
from collections.abc import Sequence

from runtime.samplers.masked.blockwise import BlockwiseSampler, Turn
from runtime.samplers.masked.settling import ranked, settle
from runtime.samplers.masked.token_choice import Offer


class AdaptiveSampler(BlockwiseSampler):
    """Ranks a block's masks and commits the first of them, at least one a pass.

    So the final pass, after one less than there were masks, finds one mask at most.
    """

    def _most(self, slots: int) -> int:
        return slots

    def _score(self, offer: Offer) -> float:
        """How good a slot's offer is: the probability of its token."""
        return offer.probability

    @abstractmethod
    def _count(self, best: Sequence[Offer]) -> int:
        """How many of `best`, ranked and not empty, to commit; less than 1 counts as 1."""

    def _settle(self, turn: Turn) -> None:
        offers = self._choice.offers(turn.predictions, turn.block, turn.open_slots)
        best = ranked(offers, self._score)
        count = max(1, self._count(best))
        settle(turn.canvas, best[:count], best[count:], turn.constraint, final=turn.final)
