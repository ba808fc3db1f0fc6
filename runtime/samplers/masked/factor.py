"""Factor: the more slots are committed together, the surer each of them must be."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from runtime.samplers.masked.adaptive import AdaptiveSampler
from runtime.samplers.masked.settings import Setting
from runtime.samplers.masked.token_choice import Offer


class Factor(AdaptiveSampler):
    """Commits in rank order r = 1, 2, … while p_(r) ≥ 1 - f/(r + 1), the best slot always.

    Then (r + 1)(1 - p_(r)) ≤ f: parallel greedy decoding equals decoding one by one where
    (r + 1)(1 - p) ≤ 1 (Fast-dLLM, arXiv 2505.22618, theorem 1).
    """

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "factor": Setting(default=1.0, low=0, high=1024, meaning="how much doubt a pass may take on (f)"),
    }

    def _count(self, best: Sequence[Offer]) -> int:
        for rank, offer in enumerate(best, start=1):
            if offer.probability < 1 - self._settings["factor"] / (rank + 1):
                return rank - 1
        return len(best)
