"""The protocol of masked models' samplers."""

from typing import Protocol

from runtime.canvas import Canvas
from runtime.constraints.base import Constraint
from runtime.denoisers.base import MaskedDenoiser
from runtime.predictions import Predictions


class MaskedSampler(Protocol):
    """Decides, pass by pass, which slots of the active block are committed, drafted or masked again."""

    def bound(self, slots: int) -> int:
        """The most passes that a canvas of `slots` masks takes, whatever the model answers.

        Second looks, through a denoiser's `blind`, are not counted. Where the length changes on the way,
        `slots` counts every mask that was ever put onto the canvas, and each change may cost a pass more.
        """
        ...

    def prepare(self, canvas: Canvas) -> range:
        """The block of slots to run next: contiguous, not empty, with at least one slot to settle."""
        ...

    def update(
        self,
        canvas: Canvas,
        block: range,
        predictions: Predictions,
        constraint: Constraint,
        denoiser: MaskedDenoiser,
    ) -> None:
        """Change slots of `block`; row i of `predictions` is for slot `block.start + i`.

        `denoiser` is for samplers that look a second time at what they have just drafted.
        """
        ...
