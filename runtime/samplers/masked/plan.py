"""What every masked sampler is told about its fill."""

import math
from dataclasses import dataclass

from runtime.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The canvas it begins with, and how tokens are drawn."""

    slots: int
    """Slots of the canvas at the start; a number of steps is meant for this many."""
    block_slots: int | None = None
    """Slots denoised together; None takes the whole canvas."""
    origin: int = 0
    """A slot at which a block begins."""
    temperature: float = 0.0
    """0 commits the likeliest admissible token; above, tokens are drawn."""
    seed: int = 0
    """Of everything that is left to chance."""

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            UsageError: a value is out of range.
        """
        if self.block_slots is not None and self.block_slots < 1:
            raise UsageError(f"'block_slots' must be 1 or more, not {self.block_slots}.")
        if not (self.temperature >= 0 and math.isfinite(self.temperature)):
            raise UsageError(f"'temperature' must be 0 or more, not {self.temperature!r}.")
        if self.seed < 0:
            raise UsageError(f"'seed' must be 0 or more, not {self.seed}.")
