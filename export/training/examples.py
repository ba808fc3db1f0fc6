"""Makes training examples: windows of text with masked spans, some too short, some too long.

Pure functions of their arguments and a random generator. Knows token ids, not text, files or torch.

Lengths are learned as in DreamOn (arXiv 2602.01326): a mask may answer `expand`, which puts two masks
in its place, or `delete`, which removes it. Where the masks may lie is narrower here, so that a very
small model can learn it: in a run of masks that is too short the *last* mask stands for all that is
missing. After an expansion the first of the two new masks stands for one token and the second for the
rest, which is the same situation again. Surplus masks lie at the span's end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from export.training.vocabulary import TokenIds

IGNORED = -100
"""Target of a slot that has none; the value that torch's cross entropy skips."""

LONGEST_SPAN_TOKENS = 48
LONGEST_SURPLUS_TOKENS = 32


class Edit(Enum):
    """What was done to a span's length."""

    NONE = "none"
    SHORT = "short"
    LONG = "long"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """How often each kind of example occurs."""

    everywhere: float = 0.15
    """Share of examples whose masks lie anywhere (plain masked diffusion), not in spans."""
    masked_tokens: tuple[int, int] = (16, 144)
    """Bounds of the tokens that an example's spans cover together."""
    short: float = 0.2
    """Share of spans with too few masks."""
    long: float = 0.2
    """Share of spans with too many masks."""
    all_masked: float = 0.3
    """Share of spans with no slot revealed; the others have a random share masked."""


@dataclass(slots=True)
class Slots:
    """A row of slots. `widths[i]` says how many tokens of the original slot i stands for."""

    inputs: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)

    def add(self, token: int, target: int, width: int) -> None:
        """Append one slot."""
        self.inputs.append(token)
        self.targets.append(target)
        self.widths.append(width)

    def extend(self, other: "Slots") -> None:
        """Append all slots of `other`."""
        self.inputs += other.inputs
        self.targets += other.targets
        self.widths += other.widths


def visible(tokens: Sequence[int]) -> Slots:
    """Slots that show their tokens and ask for nothing."""
    return Slots(list(tokens), [IGNORED] * len(tokens), [1] * len(tokens))


def mask_some(tokens: Sequence[int], masked: Sequence[bool], ids: TokenIds) -> Slots:
    """Slots of `tokens`, hidden where `masked` says so; every mask's target is its token."""
    slots = Slots()
    for token, hidden in zip(tokens, masked, strict=True):
        slots.add(ids.mask if hidden else token, token if hidden else IGNORED, 1)
    return slots


def shorten(slots: Slots, ids: TokenIds, rng: np.random.Generator) -> Slots:
    """Some runs of two masks or more made shorter: their last mask answers `expand`.

    At least one such run is shortened, where there is one.
    """
    runs = [(start, end) for start, end in _mask_runs(slots, ids) if end - start >= 2]
    if not runs:
        return slots
    certain = int(rng.integers(len(runs)))
    result = Slots()
    copied = 0
    for index, (start, end) in enumerate(runs):
        if index != certain and rng.random() < 0.5:
            continue
        kept = int(rng.integers(0, end - start - 1))
        result.extend(_part(slots, copied, start + kept))
        result.add(ids.mask, ids.expand, end - start - kept)
        copied = end
    result.extend(_part(slots, copied, len(slots.inputs)))
    return result


def lengthen(slots: Slots, ids: TokenIds, rng: np.random.Generator) -> Slots:
    """Surplus masks behind the last slot, each of which answers `delete`; few are likelier than many."""
    surplus = int(LONGEST_SURPLUS_TOKENS ** rng.random())
    result = _part(slots, 0, len(slots.inputs))
    for _ in range(surplus):
        result.add(ids.mask, ids.delete, 0)
    return result


def corrupt_span(
    tokens: Sequence[int], edit: Edit, task: Task, ids: TokenIds, rng: np.random.Generator
) -> Slots:
    """A span's slots: a random share of its tokens masked, and its length changed as `edit` says."""
    share = 1.0 if rng.random() < task.all_masked else rng.uniform(0.1, 1.0)
    masked = rng.random(len(tokens)) < share
    if not masked.any():
        masked[rng.integers(len(tokens))] = True
    slots = mask_some(tokens, masked.tolist(), ids)
    if edit is Edit.SHORT:
        return shorten(slots, ids, rng)
    if edit is Edit.LONG:
        return lengthen(slots, ids, rng)
    return slots


def choose_span(tokens: Sequence[int], newline: int, rng: np.random.Generator) -> tuple[int, int]:
    """Start and end of one span: mostly whole lines, else the rest of a line, else any few tokens."""
    count = len(tokens)
    kind = rng.random()
    start = int(rng.integers(count))
    if kind >= 0.85:
        return start, min(count, start + int(rng.integers(1, 25)))
    if kind < 0.6:
        while start > 0 and tokens[start - 1] != newline:
            start -= 1
    lines = 1 if kind >= 0.6 else int(rng.choice((1, 2, 3, 4), p=(0.6, 0.2, 0.12, 0.08)))
    end = start
    limit = min(count, start + LONGEST_SPAN_TOKENS)
    while end < limit:
        if tokens[end] == newline and end > start:
            lines -= 1
            if lines == 0:
                break
        end += 1
    if end < limit and tokens[end] == newline and rng.random() < 0.2:
        end += 1
    return start, max(end, start + 1)


def choose_spans(
    tokens: Sequence[int], newline: int, budget: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Spans in order, with a visible token between any two, that cover about `budget` tokens."""
    chosen: list[tuple[int, int]] = []
    covered = 0
    for _ in range(24):
        if covered >= budget:
            break
        start, end = choose_span(tokens, newline, rng)
        if all(end < other_start or start > other_end for other_start, other_end in chosen):
            chosen.append((start, end))
            covered += end - start
    return sorted(chosen)


def corrupt(tokens: Sequence[int], window: int, task: Task, ids: TokenIds, rng: np.random.Generator) -> Slots:
    """All slots of one example, before it is cut to `window`; masks begin in the first `window` tokens."""
    if rng.random() < task.everywhere:
        share = rng.uniform(0.1, 0.6)
        return mask_some(tokens, (rng.random(len(tokens)) < share).tolist(), ids)
    budget = int(rng.integers(task.masked_tokens[0], task.masked_tokens[1] + 1))
    slots = Slots()
    copied = 0
    for start, end in choose_spans(tokens[:window], ids.newline, budget, rng):
        slots.extend(visible(tokens[copied:start]))
        draw = rng.random()
        edit = Edit.SHORT if draw < task.short else Edit.LONG if draw < task.short + task.long else Edit.NONE
        slots.extend(corrupt_span(tokens[start:end], edit, task, ids, rng))
        copied = end
    slots.extend(visible(tokens[copied:]))
    return slots


def make_example(
    tokens: Sequence[int], window: int, task: Task, ids: TokenIds, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Inputs and targets of one example, both (window,), from at least `window` tokens of one file.

    Tokens beyond `window` fill up what shortened spans leave; what lengthened spans add falls off the end.
    """
    slots = corrupt(tokens, window, task, ids, rng)
    while len(slots.inputs) < window or all(target == IGNORED for target in slots.targets[:window]):
        slots = corrupt(tokens, window, task, ids, rng)
    return np.array(slots.inputs[:window], np.int64), np.array(slots.targets[:window], np.int64)


def _part(slots: Slots, start: int, end: int) -> Slots:
    return Slots(slots.inputs[start:end], slots.targets[start:end], slots.widths[start:end])


def _mask_runs(slots: Slots, ids: TokenIds) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    start: int | None = None
    for index, token in enumerate([*slots.inputs, IGNORED]):
        if token == ids.mask and start is None:
            start = index
        elif token != ids.mask and start is not None:
            runs.append((start, index))
            start = None
    return runs
