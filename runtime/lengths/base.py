"""The length-policy protocol."""

from typing import Protocol

from runtime.canvas import Canvas
from runtime.denoisers.base import MaskedDenoiser
from runtime.predictions import Predictions


class LengthPolicy(Protocol):
    """Decides how long the canvas is, before the first pass and after each one.

    A canvas never has more than `limit` slots.
    """

    name: str
    """As in the manifest, the command line and the reports."""
    knows_length: bool
    """True for a policy that was told the true length: its figures are an oracle's."""

    def start(self, denoiser: MaskedDenoiser, limit: int) -> Canvas:
        """A canvas of masks to begin with; may run passes to find its length."""
        ...

    def update(self, canvas: Canvas, block: range, predictions: Predictions, limit: int) -> bool:
        """Change the canvas's length after the sampler's turn; returns whether it did.

        `predictions` are those the sampler saw for `block`. Called until every slot is committed, and
        once more then: a policy that writes block by block adds its next block here.
        """
        ...
