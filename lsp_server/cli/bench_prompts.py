"""Holes in the example files, with the context cut to a length in tokens. Knows texts and requests only."""

import bisect
from collections.abc import Callable
from dataclasses import dataclass, replace

from lsp_server.cli.examples import example
from lsp_server.languages import language_of_path
from runtime import FillRequest

LINE_TOKENS = 48
FILL_TOKENS = 64

_PREFIX_SHARE = 0.75
"""Of the context, how much lies before the hole, where the file has that much behind it."""

LINES = (
    ("inventory.py", "item = self.items[sku]"),
    ("inventory.py", "low = [item for item"),
    ("inventory.py", 'marker = "!"'),
    ("intervals.py", "result: list[Interval]"),
    ("intervals.py", "free = []"),
    ("lru_cache.ts", "const lifetime ="),
    ("lru_cache.ts", "const known ="),
    ("lru_cache.ts", "let dropped ="),
)
"""Lines of the example files that are taken out and written again: the file and how the line begins."""

HEADS = (("inventory.py", "def report"), ("intervals.py", "def gaps"), ("lru_cache.ts", "async getOr"))
"""Beginnings of functions: what follows in the file is taken away and the model goes on."""

Count = Callable[[str], int]
"""How many tokens a text is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A line taken out."""

    request: FillRequest
    line: str
    """What it was."""

    def typed(self, back: int = 0) -> FillRequest:
        """The request when half of the line is typed again, less `back` characters."""
        half = len(self.line) - len(self.line.lstrip()) // 2
        return replace(self.request, prefix=self.request.prefix + self.line[: half - back])


def line_holes(count: Count, context_tokens: int, runs: int) -> list[Hole]:
    """As many different lines as there are, twice the runs at most, each again where there are more runs."""
    number = max(runs, min(len(LINES), 2 * runs))
    return [_line_hole(count, context_tokens, *LINES[turn % len(LINES)]) for turn in range(number)]


def _line_hole(count: Count, context_tokens: int, file: str, begin: str) -> Hole:
    text = example(file)
    start = text.index(begin)
    end = text.index("\n", start)
    line_start = text.rindex("\n", 0, start) + 1
    after = first_tokens(text[end:], int(context_tokens * (1 - _PREFIX_SHARE)), count)
    left = context_tokens - count(after)
    # Other files, never this one again: a copy of the line in the context would be looked up.
    others = [example(name) for name in dict(LINES) if name != file]
    before = last_tokens("\n\n".join([*others, text[:line_start]]), left, count)
    request = FillRequest(
        prefix=before,
        suffix=after,
        mode="line",
        language=language_of_path(file),
        max_tokens=LINE_TOKENS,
    )
    return Hole(request=request, line=text[line_start:end])


def long_fills(runs: int) -> list[FillRequest]:
    """Functions to write from their first line on."""
    requests = []
    for turn in range(max(runs, len(HEADS))):
        file, begin = HEADS[turn % len(HEADS)]
        text = example(file)
        prefix = text[: text.index(begin) + len(begin)]
        language = language_of_path(file)
        requests.append(FillRequest(prefix=prefix, mode="region", language=language, max_tokens=FILL_TOKENS))
    return requests


def long_prefix(count: Count, tokens: int) -> str:
    """Code of so many tokens."""
    return last_tokens("\n\n".join(example(file) for file in dict(LINES)), tokens, count)


def last_tokens(text: str, tokens: int, count: Count) -> str:
    """The longest end of `text` of at most so many tokens."""
    return text[_least_cut(text, lambda cut: count(text[cut:]) <= tokens) :]


def first_tokens(text: str, tokens: int, count: Count) -> str:
    """The longest beginning of `text` of at most so many tokens."""
    size = len(text)
    return text[: size - _least_cut(text, lambda cut: count(text[: size - cut]) <= tokens)]


def _least_cut(text: str, fits: Callable[[int], bool]) -> int:
    """How many characters to cut off `text` until it fits; cutting more, it fits as well."""
    return bisect.bisect_left(range(len(text) + 1), True, key=fits)
