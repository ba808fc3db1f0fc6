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
    canvas: Canvas | None = None,
) -> Iterator[Progress]:
    """Yield after each pass until the text has ended.

    A `canvas` with committed slots is gone on from; where its text has ended already, it is yielded
    as it is, after no pass.

    Raises:
        FillCancelled: `cancel` was cancelled.
    """
    canvas = canvas or Canvas()
    if canvas.frontier:
        text, ended = _look(tokenizer, canvas.committed, healed, rules, end_tokens)
        ended = ended or ("length" if canvas.frontier >= limits.tokens else None)
        if ended is not None:
            yield Progress(canvas=canvas, text=text, passes=0, ended=ended)
            return
    for passes in range(1, limits.tokens + 1):
        cancel.check()
        before = canvas.frontier
        slots = sampler.prepare(canvas, limits.tokens - before)
        predictions = denoiser.predict(canvas, slots)
        sampler.update(canvas, predictions, constraint)
        denoiser.settle(canvas.ids[before : canvas.frontier])
        text, ended = "", None
        for count in range(before + 1, canvas.frontier + 1):
            text, ended = _look(tokenizer, canvas.ids[:count], healed, rules, end_tokens)
            if ended is not None:
                # Drafts carried the text past its end: one token at a time would have stopped here.
                canvas.shorten(count)
                break
        if ended is None and canvas.frontier >= limits.tokens:
            ended = "length"
        elif ended is None and limits.deadline is not None and time.perf_counter() >= limits.deadline:
            ended = "budget"
        yield Progress(canvas=canvas, text=text, passes=passes, ended=ended)
        if ended is not None:
            return


def _look(
    tokenizer: Tokenizer,
    written: Sequence[int],
    healed: bytes,
    rules: Sequence[StopRule],
    end_tokens: frozenset[int],
) -> tuple[str, StopReason | None]:
    """The hole's text after the newest token, and why it ends there if it does."""
    finished = written[-1] in end_tokens
    text, complete = hole_text(tokenizer.decode_bytes(written), healed)
    stop = first_stop(rules, text, finished) if complete else None
    if stop is not None:
        return text[: stop.cut], stop.reason
    return text, "end" if finished else None


def hole_text(written: bytes, healed: bytes) -> tuple[str, bool]:
    """The hole's text in what was written, and whether the healed text is behind it.

    An unfinished UTF-8 sequence at the end is left off.
    """
    if not written.startswith(healed):
        return "", False
    body = written[len(healed) :]
    return body.decode("utf-8", "ignore"), True
