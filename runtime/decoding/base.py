"""The decoding protocol: what the denoising loop runs."""

from typing import Protocol

from runtime.canvas import Canvas
from runtime.request import StopReason


class Decoding(Protocol):
    """One hole being decoded."""

    canvas: Canvas

    @property
    def passes(self) -> int:
        """Passes run over the canvas so far."""
        ...

    def step(self) -> tuple[str, StopReason | None]:
        """Run a pass, change the canvas; the hole's text so far, and why it has ended if it has."""
        ...

    def ended(self) -> tuple[str, StopReason] | None:
        """The text and reason where nothing is left to decode before the first step."""
        ...
