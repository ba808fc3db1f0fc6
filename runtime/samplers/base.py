"""The sampler protocol."""

from typing import Protocol

from runtime.canvas import Canvas
from runtime.constraints.healing import HealingConstraint
from runtime.predictions import Predictions


class Sampler(Protocol):
    """Decides what happens to the canvas around each pass."""

    @property
    def masks(self) -> int:
        """Masked slots that the pass prepared last is to guess behind its drafts."""
        ...

    def prepare(self, canvas: Canvas, room: int) -> int:
        """Put drafts onto the canvas; returns how many slots after the frontier the pass runs.

        `room`: how many more tokens may be committed, at least 1.
        """
        ...

    def update(self, canvas: Canvas, predictions: Predictions, constraint: HealingConstraint) -> None:
        """Commit, draft or re-mask slots. `predictions` start at the frontier."""
        ...
