"""What one pass says about a run of slots."""

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
