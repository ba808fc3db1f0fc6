"""The denoising loop: run a pass over the canvas, look whether the text has ended, show the canvas.

One loop for every model and sampler; what varies is in the decoding (`decoding/`) and in the objects
passed to it.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.decoding.base import Decoding
from runtime.request import StopReason


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where the loop stands after a pass."""

    canvas: Canvas
    text: str
    """The hole's committed text, healed text taken off, cut where it ends if it has ended."""
    passes: int
    ended: StopReason | None


def denoise(decoding: Decoding, *, deadline: float | None, cancel: CancelToken) -> Iterator[Progress]:
    """Yield after each pass until the text has ended; once, after no pass, where it has already.

    `deadline`: the `time.perf_counter()` value after which what is settled is the answer, or None.

    Raises:
        FillCancelled: `cancel` was cancelled.
    """
    ended: StopReason | None = None
    if already := decoding.ended():
        text, ended = already
        yield Progress(canvas=decoding.canvas, text=text, passes=decoding.passes, ended=ended)
    while ended is None:
        cancel.check()
        text, ended = decoding.step()
        if ended is None and deadline is not None and time.perf_counter() >= deadline:
            ended = "budget"
        yield Progress(canvas=decoding.canvas, text=text, passes=decoding.passes, ended=ended)
