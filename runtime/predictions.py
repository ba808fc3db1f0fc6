"""What one pass says about a run of slots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Predictions:
    """Candidates for consecutive slots, the likeliest first."""

    top_ids: NDArray[np.int32]
    """(slots, k)"""
    top_logprobs: NDArray[np.float32]
    """(slots, k), natural logarithms"""
    entropy: NDArray[np.float32]
    """(slots,), nats"""

    def __len__(self) -> int:
        return len(self.top_ids)

    def rows(self, start: int, count: int) -> "Predictions":
        """Those of `count` slots from `start` on."""
        part = slice(start, start + count)
        return Predictions(self.top_ids[part], self.top_logprobs[part], self.entropy[part])

    @staticmethod
    def joined(parts: Sequence["Predictions"]) -> "Predictions":
        """Rows of all parts, in order; there is at least one part."""
        return Predictions(
            np.concatenate([part.top_ids for part in parts]),
            np.concatenate([part.top_logprobs for part in parts]),
            np.concatenate([part.entropy for part in parts]),
        )
