"""Confidence: the slots whose token is likeliest come first."""

from runtime.samplers.masked.timestep import TimestepSampler
from runtime.samplers.masked.token_choice import Offer


class Confidence(TimestepSampler):
    """Score: the probability of the slot's token, p1 at temperature 0.

    Source: MaskGIT (arXiv 2202.04200); `maskgit_plus` in Dream and Open-dLLM. Those take the
    probability after the temperature; here it is the model's own, since only k candidates of a
    distribution are known.
    """

    def _score(self, offer: Offer) -> float:
        return offer.probability
