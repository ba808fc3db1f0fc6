"""Columns as the client counts them: UTF-8, UTF-16 or UTF-32 code units, against Python's code points.

Knows one line at a time; does not know documents or where lines begin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_ASTRAL = 0x10000


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A zero-based line and a zero-based column in the negotiated code units."""

    line: int
    character: int

    def __post_init__(self) -> None:
        if self.line < 0 or self.character < 0:
            raise ValueError("a position's line and character are not negative")


@dataclass(frozen=True, slots=True)
class Range:
    """From `start` up to, and without, `end`."""

    start: Position
    end: Position


def negotiate(offered: Sequence[str] | None) -> Encoding:
    """The first encoding of the client's list that we speak; UTF-16 where it names none (LSP 3.17)."""
    for name in offered or ():
        if name == "utf-8":
            return "utf-8"
        if name == "utf-16":
            return "utf-16"
        if name == "utf-32":
            return "utf-32"
    return "utf-16"


def units(text: str, encoding: Encoding) -> int:
    """Length of `text` in code units."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        # A lone surrogate can't be encoded; clients that count it count three bytes.
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text) + sum(1 for char in text if ord(char) >= _ASTRAL)


def column_to_index(line: str, column: int, encoding: Encoding) -> int:
    """Code points before `column` in `line`, which comes without its line break.

    A column past the end means the end; one inside a character means that character's start.
    """
    if encoding == "utf-32" or line.isascii():
        return min(column, len(line))
    seen = 0
    for index, char in enumerate(line):
        seen += units(char, encoding)
        if seen > column:
            return index
    return len(line)


def index_to_column(line: str, index: int, encoding: Encoding) -> int:
    """Code units before the code point `index` of `line`."""
    return units(line[:index], encoding)
