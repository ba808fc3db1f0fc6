"""Judges a checkpoint on spans of the validation packages: what share is filled in exactly.

Knows the corpus and the plain decoding; does not know graphs or spanfill's samplers.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from export.training.batches import Split, load_split
from export.training.checkpoint import load_folder
from export.training.decoding import Hole, fill
from export.training.examples import LONGEST_SPAN_TOKENS
from export.training.model import Denoiser
from export.training.vocabulary import TokenIds, load_tokenizer, token_ids
from runtime.errors import InputError

WINDOW_TOKENS = 256
START_CANVASES = (4, 16)
"""Masks that a hole of unknown length starts with: too few for most, too many for most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A hole whose text is known."""

    prefix: list[int]
    truth: list[int]
    suffix: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Results of one kind of span, decoded one way."""

    spans: int
    exact_match: float
    """Share of spans whose text is right to the byte."""
    token_accuracy: float | None
    """Share of slots with the right token; only where the length is given."""
    right_length: float
    """Share of spans of the right number of tokens."""
    mean_tokens: float
    """Of the truth."""
    mean_passes: float


def evaluate(checkpoint: Path, corpus: Path, *, spans: int, seed: int) -> dict[str, Any]:
    """Scores by kind of span (`one_line`, `few_lines`) and what is known of the length.

    Raises:
        InputError: checkpoint or corpus can't be read, or the corpus has too few such spans.
    """
    model = load_folder(checkpoint)
    tokenizer = load_tokenizer(corpus / "tokenizer.json")
    ids = token_ids(tokenizer)
    split = load_split(corpus, "validation")
    results: dict[str, Any] = {}
    for name, lines in (("one_line", (1, 1)), ("few_lines", (2, 4))):
        chosen = choose_spans(split, ids, count=spans, lines=lines, seed=seed)
        results[name] = {"known_length": asdict(score(model, tokenizer, ids, chosen, start=None))}
        for start in START_CANVASES:
            results[name][f"from_{start}_masks"] = asdict(score(model, tokenizer, ids, chosen, start=start))
    return results


def choose_spans(split: Split, ids: TokenIds, *, count: int, lines: tuple[int, int], seed: int) -> list[Span]:
    """Whole lines drawn from the middle of windows, each without its last line feed.

    None starts with a blank line or has fewer than two tokens.

    Raises:
        InputError: `count` such spans were not found.
    """
    rng = np.random.default_rng(seed)
    needed = WINDOW_TOKENS + LONGEST_SPAN_TOKENS
    usable = [
        file for file in range(len(split.starts) - 1) if split.starts[file + 1] - split.starts[file] >= needed
    ]
    chosen: list[Span] = []
    for _ in range(count * 50 if usable else 0):
        file = usable[int(rng.integers(len(usable)))]
        start = int(rng.integers(split.starts[file], split.starts[file + 1] - needed + 1))
        tokens = split.tokens[start : start + needed].tolist()
        feeds = [place for place, token in enumerate(tokens) if token == ids.newline]
        taken = int(rng.integers(lines[0], lines[1] + 1))
        first = next((place for place in feeds if place >= WINDOW_TOKENS // 2), needed) + 1
        ends = [place for place in feeds if place > first]
        if len(ends) < taken or tokens[first] == ids.newline:
            continue
        end = ends[taken - 1]
        if 2 <= end - first <= LONGEST_SPAN_TOKENS and end < WINDOW_TOKENS:
            chosen.append(Span(prefix=tokens[:first], truth=tokens[first:end], suffix=tokens[end:]))
        if len(chosen) == count:
            return chosen
    raise InputError(
        f"The validation part has only {len(chosen)} spans of {lines[0]} to {lines[1]} lines, not {count}. "
        "Ask for fewer with --spans."
    )


def score(
    model: Denoiser, tokenizer: Tokenizer, ids: TokenIds, spans: Sequence[Span], *, start: int | None
) -> Score:
    """Fill all spans, from their true number of masks, or from `start` masks with `expand` and `delete`."""
    holes = [
        Hole(list(span.prefix), list(span.suffix), [ids.mask] * (start or len(span.truth))) for span in spans
    ]
    fill(model, holes, ids, window=WINDOW_TOKENS, may_resize=start is not None)
    exact = [
        tokenizer.decode(hole.canvas) == tokenizer.decode(span.truth)
        for hole, span in zip(holes, spans, strict=True)
    ]
    right = [
        answer == token
        for hole, span in zip(holes, spans, strict=True)
        for answer, token in zip(hole.canvas, span.truth, strict=False)
    ]
    return Score(
        spans=len(spans),
        exact_match=_mean(exact),
        token_accuracy=_mean(right) if start is None else None,
        right_length=_mean(
            [len(hole.canvas) == len(span.truth) for hole, span in zip(holes, spans, strict=True)]
        ),
        mean_tokens=_mean([len(span.truth) for span in spans]),
        mean_passes=_mean([hole.passes for hole in holes]),
    )


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)
