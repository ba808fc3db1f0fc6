"""The text around a hole that the model sees, within a token budget.

Windows are cut where the syntax has a border, at places that stay put while the user types: the
engine's context cache lives as long as the window's start does. Knows text; does not know tokens exactly.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

CHARS_PER_TOKEN = 3
"""Characters a token of source text holds, judged low: a window must not outgrow its budget."""

_TOP_LEVEL = re.compile(r"(?:\r\n|\n|\r)(?:\r\n|\n|\r)(?=[^\s)\]}])")
_LINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextLimits:
    """How much text around a hole is given to the model."""

    prefix_tokens: int = 512
    """Tokens before the hole."""
    suffix_tokens: int = 128
    """Tokens after the hole."""
    other_files_tokens: int = 0
    """Tokens of other files' text."""


def window(
    text: str,
    start: int,
    end: int,
    limits: ContextLimits,
    count_tokens: Callable[[str], int] | None = None,
) -> tuple[int, int]:
    """Offsets (first, last) of the window around the hole from `start` to `end`.

    With `count_tokens`, a window that the estimate let grow past its budget is halved until it fits.
    """
    count = count_tokens or estimate_tokens
    budget = limits.prefix_tokens * CHARS_PER_TOKEN
    first = _first(text, start, budget)
    while budget and count(text[first:start]) > limits.prefix_tokens:
        budget //= 2
        first = _first(text, start, budget)
    budget = limits.suffix_tokens * CHARS_PER_TOKEN
    last = _last(text, end, budget)
    while budget and count(text[end:last]) > limits.suffix_tokens:
        budget //= 2
        last = _last(text, end, budget)
    return first, last


def estimate_tokens(text: str) -> int:
    """Tokens of a text, roughly: a third of its ASCII characters and each of the others."""
    if text.isascii():
        return len(text) // CHARS_PER_TOKEN
    plain = sum(map(str.isascii, text))
    return plain // CHARS_PER_TOKEN + len(text) - plain


def _first(text: str, start: int, budget: int) -> int:
    """The window's start: at most `budget` characters before the hole, moved in steps of half of it.

    Steps are counted from the text's start, so the answer changes only when the hole passes one.
    """
    if start <= budget:
        return 0
    step = max(1, budget // 2)
    earliest = -(-(start - budget) // step) * step
    return _border_after(text, earliest, min(earliest + step // 2, start))


def _border_after(text: str, earliest: int, latest: int) -> int:
    """The first top-level border between two offsets, else the first line's start, else `earliest`."""
    for pattern in (_TOP_LEVEL, _LINE):
        match = pattern.search(text, max(0, earliest - 1), latest)
        if match is not None and match.end() >= earliest:
            return match.end()
    return earliest


def _last(text: str, end: int, budget: int) -> int:
    """The window's end, at most `budget` characters after the hole; steps are counted from the text's end."""
    if len(text) - end <= budget:
        return len(text)
    step = max(1, budget // 2)
    left_out = -(-(len(text) - end - budget) // step) * step
    latest = len(text) - left_out
    earliest = max(end, latest - step // 2)
    for pattern in (_TOP_LEVEL, _LINE):
        borders = [match.end() for match in pattern.finditer(text, earliest, latest)]
        if borders:
            return borders[-1]
    return latest
