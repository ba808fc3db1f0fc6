"""The denoising loop: run a pass, let the sampler change the canvas, look whether the text has ended.

One loop for every model and sampler; what varies is in the objects passed in.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.constraint import HealingConstraint
from runtime.denoiser import CausalDenoiser
from runtime.request import StopReason
from runtime.samplers.base import Sampler
from runtime.stopping import StopRule, first_stop
from runtime.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When to stop whatever the text says."""

    tokens: int
    deadline: float | None
    """`time.perf_counter()` value, or None."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where the loop stands after a pass."""

    canvas: Canvas
    text: str
    """The hole's committed text, healed text taken off, cut where it ends if it has ended."""
    passes: int
    ended: StopReason | None


def denoise(
    denoiser: CausalDenoiser,
    sampler: Sampler,
    tokenizer: Tokenizer,
    constraint: HealingConstraint,
    *,
    healed: bytes,
    rules: Sequence[StopRule],
    end_tokens: frozenset[int],
    limits: Limits,
    cancel: CancelToken,
) -> Iterator[Progress]:
    """Yield after each pass until the text has ended.

    Raises:
        FillCancelled: `cancel` was cancelled.
    """
    canvas = Canvas()
    for passes in range(1, limits.tokens + 1):
        cancel.check()
        before = canvas.frontier
        slots = sampler.prepare(canvas)
        predictions = denoiser.predict(canvas, slots)
        sampler.update(canvas, predictions, constraint)
        denoiser.settle(canvas.ids[before : canvas.frontier])
        written = canvas.committed
        finished = bool(written) and written[-1] in end_tokens
        text, complete = hole_text(tokenizer.decode_bytes(written), healed)
        stop = first_stop(rules, text, finished) if complete else None
        ended: StopReason | None = None
        if stop is not None:
            text, ended = text[: stop.cut], stop.reason
        elif finished:
            ended = "end"
        elif len(written) >= limits.tokens:
            ended = "length"
        elif limits.deadline is not None and time.perf_counter() >= limits.deadline:
            ended = "budget"
        yield Progress(canvas=canvas, text=text, passes=passes, ended=ended)
        if ended is not None:
            return


def hole_text(written: bytes, healed: bytes) -> tuple[str, bool]:
    """The hole's text in what was written, and whether the healed text is behind it.

    An unfinished UTF-8 sequence at the end is left off.
    """
    if not written.startswith(healed):
        return "", False
    body = written[len(healed) :]
    return body.decode("utf-8", "ignore"), True
