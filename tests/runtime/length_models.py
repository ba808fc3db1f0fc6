"""Masked models for tests of length policies: small, deterministic, in numpy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.constraints.base import Unconstrained
from runtime.lengths.base import LengthPolicy
from runtime.predictions import Predictions
from runtime.request import SlotState
from runtime.samplers.masked.base import MaskedSampler

EOS, EXPAND, DELETE, MASK, PAD = 0, 1, 2, 3, 4
SPECIAL = {EOS, EXPAND, DELETE, MASK, PAD}
WORDS = tuple(range(5, 12))
VOCABULARY, K = 12, 6

Logprobs = NDArray[np.float64]


class TableModel:
    """A `MaskedDenoiser` whose answer for a slot is whatever `answer(canvas, slot)` says: (VOCABULARY,)."""

    def __init__(self, answer: Callable[[Canvas, int], Logprobs], *, model_block: int | None = None) -> None:
        self.passes = 0
        self.lengths: list[int] = []
        """Slots of the canvas in each pass."""
        self._answer = answer
        self._model_block = model_block

    def begin(self, before: Sequence[int], after: Sequence[int], cancel: CancelToken) -> int:  # noqa: ARG002
        self.passes = 0
        return 0

    def aligned(self, block: range) -> range:
        if self._model_block is None:
            return block
        return range(block.start, min(block.stop, (block.start // self._model_block + 1) * self._model_block))

    def predict(self, canvas: Canvas, block: range) -> Predictions:
        assert block and block.start >= 0 and block.stop <= len(canvas)
        assert self.aligned(block) == block
        self.passes += 1
        self.lengths.append(len(canvas))
        return summarised(np.stack([self._answer(canvas, slot) for slot in block]))

    def blind(self, canvas: Canvas, block: range, slots: Sequence[int]) -> Predictions:  # noqa: ARG002
        return summarised(np.stack([self._answer(canvas, slot) for slot in slots]))


def summarised(logprobs: Logprobs) -> Predictions:
    """(rows, vocabulary) log-probabilities as a graph's sampling head gives them."""
    order = np.argsort(-logprobs, axis=1, kind="stable")[:, :K]
    entropy = -(np.exp(logprobs) * logprobs).sum(axis=1)
    best = np.take_along_axis(logprobs, order, axis=1)
    return Predictions(order.astype(np.int32), best.astype(np.float32), entropy.astype(np.float32))


def likely(tokens: Sequence[int], probability: float) -> Logprobs:
    """`tokens[0]` has that probability, each next one half of what is left; the others share the rest."""
    logprobs = np.zeros(VOCABULARY)
    left, share = 1.0, probability
    for token in tokens:
        logprobs[token], left = share, left - share
        share = left / 2
    rest = [token for token in range(VOCABULARY) if token not in tokens]
    logprobs[rest] = left / len(rest)
    return np.log(logprobs)


def random_answers(seed: int, *, special: float = 0.4) -> Callable[[Canvas, int], Logprobs]:
    """Answers that depend on every slot shown; `special` is how often tokens of length come first."""

    def answer(canvas: Canvas, slot: int) -> Logprobs:
        seen = [seed, slot, len(canvas), *(token + 2 for token in canvas.ids)]
        chance = np.random.default_rng(seen)
        logits = chance.normal(size=VOCABULARY) * 2
        if chance.random() < special:
            logits[chance.choice([EOS, EXPAND, DELETE])] += 5
        logits[MASK] = -1e3  # predictions never name it
        return logits - np.logaddexp.reduce(logits)

    return answer


def certainty(seed: int, slot: int) -> float:
    """A probability between 0.6 and 0.99, another for each slot: samplers settle slots in any order."""
    return float(np.random.default_rng([seed, slot]).uniform(0.6, 0.99))


def knows_by_edits(truth: Sequence[int], seed: int) -> Callable[[Canvas, int], Logprobs]:
    """A model that knows the text and says by expand and delete how long the canvas should be."""

    def answer(canvas: Canvas, slot: int) -> Logprobs:
        if slot >= len(truth):
            return likely([DELETE], certainty(seed, slot))
        short = len(canvas) < len(truth) and slot == len(canvas) - 1
        return likely([EXPAND, truth[slot]] if short else [truth[slot]], certainty(seed, slot))

    return answer


def knows_by_end(truth: Sequence[int], seed: int) -> Callable[[Canvas, int], Logprobs]:
    """A model that knows the text and answers with the end token behind it."""

    def answer(canvas: Canvas, slot: int) -> Logprobs:  # noqa: ARG001
        return likely([truth[slot] if slot < len(truth) else EOS], certainty(seed, slot))

    return answer


@dataclass
class Run:
    """What happened on a canvas."""

    canvas: Canvas
    longest: int = 0
    """Most slots at any time."""
    steps: int = 0

    @property
    def text(self) -> list[int]:
        return [token for token in self.canvas.ids if token not in SPECIAL]


@dataclass
class Loop:
    """The decoding loop around a policy, with a check of the canvas after each turn."""

    model: TableModel
    policy: LengthPolicy
    sampler: Callable[[int], MaskedSampler]
    limit: int
    changes: list[bool] = field(default_factory=list)
    """What the policy said about each of its turns."""

    def run(self, most: int = 2000) -> Run:
        canvas = self.policy.start(self.model, self.limit)
        run = Run(canvas, longest=len(canvas))
        sampler = self.sampler(len(canvas))
        while canvas.masked:
            assert run.steps < most, "the canvas never ends"
            block = self.model.aligned(sampler.prepare(canvas))
            predictions = self.model.predict(canvas, block)
            sampler.update(canvas, block, predictions, Unconstrained(), self.model)
            before = len(canvas)
            changed = self.policy.update(canvas, block, predictions, self.limit)
            assert changed or len(canvas) == before
            self.changes.append(changed)
            check_sound(canvas)
            run.steps += 1
            run.longest = max(run.longest, len(canvas))
        return run


def check_sound(canvas: Canvas) -> None:
    """The canvas's columns tell the same story."""
    assert len({len(canvas.ids), len(canvas.states), len(canvas.logprobs), len(canvas.candidates)}) == 1
    closed = [state is SlotState.COMMITTED for state in canvas.states]
    assert canvas.frontier == (closed.index(False) if False in closed else len(closed))
