"""Entropy: the slots whose distribution is narrowest come first."""

from runtime.samplers.masked.timestep import TimestepSampler
from runtime.samplers.masked.token_choice import Offer


class Entropy(TimestepSampler):
    """Score: -H, with H the entropy of the slot's whole distribution.

    Source: `entropy` in Dream (arXiv 2508.15487) and Open-dLLM.
    """

    def _score(self, offer: Offer) -> float:
        return -offer.entropy
