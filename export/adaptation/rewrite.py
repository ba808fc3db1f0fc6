"""Examples in the model's own words: its greedy text for the same holes, as far as it goes in the time.

A draft is checked against what the model writes, not against what a file's author wrote; training on the
model's own text shows the masks the contexts that they will meet.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from export.adaptation.layout import Example
from export.adaptation.store import Labelled, load_labels, load_store, save_store
from runtime.manifest import load_manifest
from runtime.session import DenoiserSession

LONGEST_TOKENS = 96
"""A text that has not ended by then is left out: its end is what it lacks."""

ROUND_SECONDS = 120.0
"""The folder is written anew at least this often."""


def rewrite(
    model: Path,
    examples: Path,
    out: Path,
    *,
    minutes: float,
    threads: int | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> int:
    """Write the model's own text for the training prompts to `out`, after what it has; returns how many.

    Raises:
        InputError: the examples can't be read.
        ManifestError, ModelFileError: `model` is no whole model folder.
    """
    store, labels = load_store(examples, "train"), load_labels(examples, "train")
    ends = frozenset(load_manifest(model).tokens.eos)
    session = DenoiserSession(model, threads=threads)
    done: list[Labelled] = []
    place = 0
    if (out / "place.json").is_file():
        place = int(json.loads((out / "place.json").read_text())["next"])
        before, names = load_store(out, "train"), load_labels(out, "train")
        done = [
            Labelled(example=before[number], kind=kind, language=language)
            for number, (kind, language) in enumerate(names)
        ]
    began = saved = time.monotonic()
    while place < len(store) and time.monotonic() - began < minutes * 60:
        example, (kind, language) = store[place], labels[place]
        # The first token holds what was healed: text that stands before the hole already.
        span = continue_greedily(session, example.prompt.tolist(), int(example.span[0]), ends)
        place += 1
        if span is not None:
            own = Example(prompt=example.prompt, span=np.array(span, np.int64))
            done.append(Labelled(example=own, kind=kind, language=language))
        report(f"{len(done):,} examples written")
        if time.monotonic() - saved > ROUND_SECONDS:
            _save(out, done, place)
            saved = time.monotonic()
    _save(out, done, place)
    return len(done)


def continue_greedily(
    session: DenoiserSession, prompt: list[int], first: int, ends: frozenset[int]
) -> list[int] | None:
    """`first` and the likeliest tokens behind it, an ending one last; None where that is too long."""
    session.truncate(0)
    session.forward(prompt, skip=len(prompt) - 1)
    session.advance(len(prompt))
    span = [first]
    while len(span) < LONGEST_TOKENS:
        answer = session.forward(span[-1:], gate=np.ones(1, np.float32))
        session.advance(1)
        span.append(int(answer.top_ids[0, 0]))
        if span[-1] in ends:
            return span
    return None


def _save(out: Path, done: list[Labelled], place: int) -> None:
    if done:
        save_store(out, "train", done)
        (out / "place.json").write_text(json.dumps({"next": place}) + "\n")
