"""Threshold: whatever the model is sure of."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from runtime.samplers.masked.adaptive import AdaptiveSampler
from runtime.samplers.masked.settings import Setting
from runtime.samplers.masked.token_choice import Offer


class Threshold(AdaptiveSampler):
    """Commits every slot with p ≥ tau, the best one always.

    Source: Fast-dLLM (arXiv 2505.22618), confidence-aware parallel decoding.
    """

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "tau": Setting(
            default=0.9, low=0, high=1, meaning="probability from which a slot is committed (tau)"
        ),
    }

    def _count(self, best: Sequence[Offer]) -> int:
        return sum(offer.probability >= self._settings["tau"] for offer in best)
