"""Margin: the slots whose likeliest token is furthest ahead come first."""

from runtime.samplers.masked.timestep import TimestepSampler
from runtime.samplers.masked.token_choice import Offer


class Margin(TimestepSampler):
    """Score: p1 - p2, the lead of the likeliest token over the second.

    Source: Train for the Worst, Plan for the Best (arXiv 2502.06768); `topk_margin` in Dream and
    Open-dLLM.
    """

    def _score(self, offer: Offer) -> float:
        return offer.margin
