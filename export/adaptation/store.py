"""The prepared examples on disk: token ids of prompts and spans. Knows no text and no model."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.adaptation.layout import Example
from runtime.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """An example and what it was cut from."""

    example: Example
    kind: str
    language: str


@dataclass(frozen=True, slots=True)
class Store:
    """The examples of one split."""

    tokens: NDArray[np.int32]
    """Prompt and span of each example, one behind the other, (tokens,)."""
    bounds: NDArray[np.int64]
    """(examples, 3): where its prompt starts, where its span starts, where it ends."""

    def __len__(self) -> int:
        return len(self.bounds)

    def __getitem__(self, index: int) -> Example:
        start, middle, end = self.bounds[index]
        return Example(
            prompt=self.tokens[start:middle].astype(np.int64), span=self.tokens[middle:end].astype(np.int64)
        )


def save_store(folder: Path, split: str, examples: Sequence[Labelled]) -> None:
    """Write a split: its tokens, its bounds, and what each example is, in that order of use."""
    parts = [part for each in examples for part in (each.example.prompt, each.example.span)]
    edges = np.cumsum([0, *map(len, parts)])
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / f"{split}.tokens.npy", np.concatenate(parts or [np.zeros(0, np.int64)]).astype(np.int32))
    bounds = (
        np.stack([edges[:-1:2], edges[1::2], edges[2::2]], axis=1) if parts else np.zeros((0, 3), np.int64)
    )
    np.save(folder / f"{split}.bounds.npy", bounds.astype(np.int64))
    labels = [[each.kind, each.language] for each in examples]
    (folder / f"{split}.labels.json").write_text(json.dumps(labels) + "\n")


def load_store(folder: Path, split: str) -> Store:
    """A split of a prepared folder.

    Raises:
        InputError: it is missing, empty or damaged.
    """
    try:
        tokens = np.load(folder / f"{split}.tokens.npy", mmap_mode="r")
        bounds = np.load(folder / f"{split}.bounds.npy")
    except (OSError, ValueError) as error:
        raise InputError(
            f"{folder} has no readable {split} examples ({error}). "
            "Run `python -m export.adaptation prepare` first."
        ) from error
    right = bounds.ndim == 2 and bounds.shape[1:] == (3,) and len(bounds) > 0
    if not right or bounds.max() > len(tokens) or (np.diff(bounds, axis=1) < (1, 2)).any():
        raise InputError(f"The {split} examples in {folder} are damaged. Run `prepare` again.")
    return Store(tokens, bounds)


def load_labels(folder: Path, split: str) -> list[tuple[str, str]]:
    """Kind and language of each example of a split.

    Raises:
        InputError: the list is missing or damaged.
    """
    try:
        return [
            (kind, language) for kind, language in json.loads((folder / f"{split}.labels.json").read_text())
        ]
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} has no readable list of its {split} examples ({error}).") from error


class Order:
    """Which examples a step takes: each epoch visits all of them once, in its own order.

    The step's number and the seed alone decide, so a run resumes anywhere.
    """

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed = count, seed
        self._epoch: tuple[int, NDArray[np.int64]] | None = None

    def __call__(self, number: int) -> int:
        """The index of the run's example `number`."""
        epoch, place = divmod(number, self._count)
        if self._epoch is None or self._epoch[0] != epoch:
            self._epoch = epoch, np.random.default_rng((self._seed, 0, epoch)).permutation(self._count)
        return int(self._epoch[1][place])
