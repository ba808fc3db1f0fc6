"""A masked model small enough to reason about: random weights, every answer depends on every token shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.constraints.base import Constraint, Unconstrained
from runtime.predictions import Predictions
from runtime.request import SlotState
from runtime.samplers.masked.base import MaskedSampler

VOCABULARY, K, WIDTH = 11, 5, 6
MASK = VOCABULARY
"""Embedded, never predicted."""


class RandomScorer:
    """A `MaskedDenoiser` in numpy: tokens mixed by a kernel of their distance, then scored."""

    def __init__(self, seed: int, *, sharpness: float = 4.0, model_block: int | None = None) -> None:
        """`model_block`: slots of its own blocks, whose tokens see nothing behind them."""
        chance = np.random.default_rng(seed)
        self.passes = 0
        self.looks = 0
        """Calls of `blind`."""
        self._embeddings = chance.normal(size=(VOCABULARY + 1, WIDTH))
        self._kernel = chance.normal(size=(2 * 64 + 1, WIDTH))
        self._scores = chance.normal(size=(WIDTH, VOCABULARY)) * sharpness
        self._model_block = model_block
        self._before: list[int] = []
        self._after: list[int] = []

    def begin(self, before: Sequence[int], after: Sequence[int], cancel: CancelToken) -> int:
        self._before, self._after, self.passes = list(before), list(after), 0
        cancel.check()
        return 0

    def aligned(self, block: range) -> range:
        if self._model_block is None:
            return block
        end = (block.start // self._model_block + 1) * self._model_block
        return range(block.start, min(block.stop, end))

    def predict(self, canvas: Canvas, block: range) -> Predictions:
        assert block and block.start >= 0 and block.stop <= len(canvas)
        self.passes += 1
        return self._answers(shown(canvas), block)

    def blind(self, canvas: Canvas, block: range, slots: Sequence[int]) -> Predictions:
        assert set(slots) <= set(block)
        self.looks += 1
        rows: list[Predictions] = []
        for slot in slots:
            tokens = shown(canvas)
            tokens[slot] = MASK
            rows.append(self._answers(tokens, range(slot, slot + 1)))
        return Predictions.joined(rows)

    def _answers(self, slots: Sequence[int], block: range) -> Predictions:
        seen = [*self._before, *slots, *self._after]
        if self._model_block is not None:
            seen = [*self._before, *slots[: block.stop]]
        tokens = np.array(seen, np.int64)
        places = np.arange(block.start, block.stop) + len(self._before)
        distance = np.clip(np.arange(len(tokens))[None, :] - places[:, None], -64, 64) + 64
        mixed = (self._kernel[distance] * self._embeddings[tokens][None]).mean(axis=1) * np.sqrt(len(tokens))
        return summarised(np.tanh(mixed) @ self._scores)


def summarised(logits: NDArray[np.float64]) -> Predictions:
    """(rows, vocabulary) logits as a graph's sampling head gives them."""
    logprobs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    entropy = -(np.exp(logprobs) * logprobs).sum(axis=1)
    order = np.argsort(-logprobs, axis=1)[:, :K]
    best = np.take_along_axis(logprobs, order, axis=1)
    return Predictions(order.astype(np.int32), best.astype(np.float32), entropy.astype(np.float32))


def shown(canvas: Canvas) -> list[int]:
    """Tokens of a canvas as the model sees them."""
    return [
        MASK if state is SlotState.MASKED else token
        for token, state in zip(canvas.ids, canvas.states, strict=True)
    ]


def settled(canvas: Canvas) -> list[int | None]:
    """Token of each committed slot, None for the others."""
    return [
        token if state is SlotState.COMMITTED else None
        for token, state in zip(canvas.ids, canvas.states, strict=True)
    ]


@dataclass
class Run:
    """What happened on a canvas, pass by pass."""

    canvas: Canvas
    states: list[list[int | None]] = field(default_factory=list)
    """The committed tokens after each pass, before the length changes."""
    blocks: list[range] = field(default_factory=list)
    remasked: int = 0
    """Slots that were committed before a pass and not, or otherwise, after it."""


def play(
    sampler: MaskedSampler,
    model: RandomScorer,
    canvas: Canvas,
    constraint: Constraint | None = None,
    *,
    change: Callable[[Canvas], None] | None = None,
    limit: int = 500,
) -> Run:
    """Run passes until no mask is left, as the decoding loop does; `change` plays the length policy."""
    run = Run(canvas)
    while canvas.masked:
        assert len(run.states) < limit, "this goes on without end"
        prepared = sampler.prepare(canvas)
        assert set(prepared) & set(canvas.masked), "nothing to settle in the block"
        block = model.aligned(prepared)
        predictions = model.predict(canvas, block)
        before, slots = settled(canvas), len(canvas)
        sampler.update(canvas, block, predictions, constraint or Unconstrained(), model)
        after = settled(canvas)
        assert len(canvas) == slots, "samplers leave the length alone"
        for slot in range(slots):
            assert slot in block or before[slot] == after[slot], "only the block changes"
            run.remasked += before[slot] is not None and after[slot] != before[slot]
        run.states.append(after)
        run.blocks.append(block)
        if change:
            change(canvas)
    return run
