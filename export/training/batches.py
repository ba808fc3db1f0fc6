"""Serves batches: the step number alone decides what is in one, so a run resumes anywhere.

Knows the packed token file; does not know the model.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.training.examples import Task, make_example
from export.training.vocabulary import TokenIds
from runtime.errors import InputError

SLACK_TOKENS = 64
"""Tokens read beyond the window, for what shortened spans leave."""


@dataclass(frozen=True, slots=True)
class Split:
    """The files of one side of the corpus, one behind the other."""

    tokens: NDArray[np.uint16]
    """All tokens, (tokens,)."""
    starts: NDArray[np.int64]
    """Where each file starts, and the end of the last, (files + 1,)."""


def load_split(folder: Path, name: str) -> Split:
    """The split `train` or `validation` of a prepared corpus.

    Raises:
        InputError: it is missing, or its parts don't fit together.
    """
    tokens_path, starts_path = folder / f"{name}.tokens.npy", folder / f"{name}.starts.npy"
    try:
        tokens, starts = np.load(tokens_path, mmap_mode="r"), np.load(starts_path)
    except (OSError, ValueError) as error:
        raise InputError(
            f"The corpus in {folder} has no readable {name} part ({error}). "
            "Run `python -m export.training prepare` first."
        ) from error
    if not len(starts) or starts[-1] != len(tokens) or (np.diff(starts) <= 0).any():
        raise InputError(f"The {name} part of the corpus in {folder} is damaged. Run `prepare` again.")
    return Split(tokens, starts)


def save_split(folder: Path, name: str, files: list[NDArray[np.uint16]]) -> None:
    """Write files' tokens as one split."""
    starts = np.concatenate(([0], np.cumsum([len(tokens) for tokens in files])))
    np.save(folder / f"{name}.tokens.npy", np.concatenate(files))
    np.save(folder / f"{name}.starts.npy", starts.astype(np.int64))


class Batches:
    """Batches by step number. Each epoch visits every window once, in its own order, a little shifted."""

    def __init__(
        self, split: Split, ids: TokenIds, *, window: int, batch: int, seed: int, task: Task | None = None
    ) -> None:
        self._split = split
        self._ids = ids
        self._window = window
        self._batch = batch
        self._seed = seed
        self._task = task or Task()
        self._order: tuple[int, NDArray[np.int64]] | None = None
        counts = np.diff(split.starts)
        usable = counts >= window + SLACK_TOKENS
        per_file = np.where(usable, np.maximum(1, counts // window), 0)
        self._file = np.repeat(np.arange(len(counts)), per_file)
        self._offset = np.concatenate([np.arange(count) * window for count in per_file] or [np.zeros(0, int)])
        if len(self._file) == 0:
            raise InputError(
                f"No file of the corpus has the {window + SLACK_TOKENS} tokens that a window needs. "
                "Choose a smaller window or a larger corpus."
            )

    @property
    def windows(self) -> int:
        """Windows in an epoch."""
        return len(self._file)

    def batch(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Inputs and targets of a step, both (batch, window)."""
        pairs = [self._example(step * self._batch + row) for row in range(self._batch)]
        return np.stack([pair[0] for pair in pairs]), np.stack([pair[1] for pair in pairs])

    def _example(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        epoch, place = divmod(number, self.windows)
        if self._order is None or self._order[0] != epoch:
            shuffled = np.random.default_rng((self._seed, 0, epoch)).permutation(self.windows)
            self._order = (epoch, shuffled)
        index = int(self._order[1][place])
        rng = np.random.default_rng((self._seed, 1, number))
        file = int(self._file[index])
        first, end = int(self._split.starts[file]), int(self._split.starts[file + 1])
        needed = self._window + SLACK_TOKENS
        start = min(end - needed, first + int(self._offset[index]) + int(rng.integers(self._window)))
        tokens = self._split.tokens[start : start + needed].tolist()
        return make_example(tokens, self._window, self._task, self._ids, rng)
