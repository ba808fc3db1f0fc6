"""Entropy-bounded unmasking (EB): as many slots as are nearly independent of each other."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import ClassVar

from runtime.samplers.masked.adaptive import AdaptiveSampler
from runtime.samplers.masked.settings import Setting
from runtime.samplers.masked.token_choice import Offer


class EntropyBounded(AdaptiveSampler):
    """By ascending entropy, the largest k with Σ_(i≤k) H_i - max_(i≤k) H_i ≤ gamma.

    The left side bounds the mutual information of the k slots, that is what is lost by drawing them
    independently. Source: EB-Sampler (arXiv 2505.24857), with entropy as the error proxy.
    """

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "gamma": Setting(
            default=0.1, low=0, high=1024, meaning="entropy a pass may take on, in nats (gamma)"
        ),
    }

    def _score(self, offer: Offer) -> float:
        return -offer.entropy

    def _count(self, best: Sequence[Offer]) -> int:
        # Entropies ascend, so the greatest of the first k is the k-th, and the sum never falls.
        before = accumulate((offer.entropy for offer in best[:-1]), initial=0.0)
        return sum(entropy <= self._settings["gamma"] for entropy in before)
