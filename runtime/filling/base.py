"""The filler protocol: what the engine asks of each kind of model."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Protocol

from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.request import FillRequest, FillResult, Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one decoding of a hole came to."""

    result: FillResult
    canvas: Canvas
    """What the text was settled on."""
    others: "Callable[[], Iterator[Fill]]"
    """Decodings of other texts for the same hole, the most promising first; they share its deadline."""


Fill = Generator[Frame | FillResult, None, Written]
"""Frames, then the result; returns it with the ways to others."""


class Filler(Protocol):
    """Fills holes with one loaded model. One `run` at a time."""

    def run(self, request: FillRequest, cancel: CancelToken, *, deadline: float | None) -> Fill:
        """Decode the hole.

        `deadline`: the `time.perf_counter()` value after which what is settled is the answer.

        Raises:
            FillCancelled: `cancel` was cancelled.
            UsageError: the request can't be run by this model.
        """
        ...


def drain(fill: Fill) -> Written:
    """Run to the end; whoever wants only the text sees no frames."""
    while True:
        try:
            next(fill)
        except StopIteration as end:
            written: Written = end.value
            return written
