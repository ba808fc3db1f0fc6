"""The constraint protocol of masked canvases."""

from typing import Protocol

from runtime.canvas import Canvas


class Constraint(Protocol):
    """Says whether a token may be committed to a slot, given everything on the canvas."""

    def admits(self, canvas: Canvas, slot: int, token: int) -> bool:
        """Whether the canvas can still become a good text with `token` in `slot`."""
        ...


class Unconstrained:
    """Admits every token."""

    def admits(self, canvas: Canvas, slot: int, token: int) -> bool:  # noqa: ARG002
        """True."""
        return True
