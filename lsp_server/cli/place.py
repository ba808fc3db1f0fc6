"""Places in files as people write them: `PATH:LINE[:COLUMN]`, one-based, columns in characters.

Knows spellings and lines; reads no files.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from lsp_server.documents import Document
from runtime.errors import InputError, UsageError

# The path is as short as it can be: what follows has to be numbers, so a drive's colon stays in it.
_PLACE = re.compile(r"(?P<path>.+?):(?P<line>\d+)(?::(?P<column>\d+))?", re.DOTALL)
_END = re.compile(r"(?P<line>\d+)(?::(?P<column>\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A line, and a column where one was named; both count from 1."""

    line: int
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Two offsets in a text; `end` is None for a cursor."""

    start: int
    end: int | None = None


def parse_place(text: str) -> tuple[Path, Spot]:
    """Split `PATH:LINE[:COLUMN]`.

    Raises:
        UsageError: it is written otherwise, or a number is 0.
    """
    match = _PLACE.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} names no line. Write PATH:LINE or PATH:LINE:COLUMN, as in main.py:12:5.")
    if match["column"] is not None:
        # A file whose own name ends in a colon and digits.
        longer = Path(text.rsplit(":", 1)[0])
        if longer.is_file() and not Path(match["path"]).is_file():
            return longer, _spot(match["column"], None)
    return Path(match["path"]), _spot(match["line"], match["column"])


def parse_end(text: str) -> Spot:
    """Read `LINE[:COLUMN]`.

    Raises:
        UsageError: it is written otherwise, or a number is 0.
    """
    match = _END.fullmatch(text)
    if match is None:
        raise UsageError(f"--to {text!r} is not a place. Write LINE or LINE:COLUMN, as in --to 14:20.")
    return _spot(match["line"], match["column"])


def _spot(line: str, column: str | None) -> Spot:
    spot = Spot(line=int(line), column=None if column is None else int(column))
    if spot.line == 0 or spot.column == 0:
        raise UsageError("Lines and columns are counted from 1.")
    return spot


def span_of(document: Document, name: str, start: Spot, end: Spot | None) -> Span:
    """The offsets that two spots mean in a text; `name` is what errors call it.

    Without a column, a cursor stands where the line's text ends; a span goes from its first line's start to
    where its last line's text ends. A span that begins in a line's indentation begins with it: what is
    written brings its own.

    Raises:
        InputError: a spot lies outside the text.
        UsageError: the end comes before the start.
    """
    if end is None:
        return Span(start=_offset(document, name, start, at_end=True))
    first = _offset(document, name, start, at_end=False)
    last = _offset(document, name, end, at_end=True)
    if last < first:
        raise UsageError("The place in --to comes before the place to start at.")
    before = document.text[document.line_start(start.line - 1) : first]
    return Span(start=first if before.strip() else first - len(before), end=last)


def _offset(document: Document, name: str, spot: Spot, *, at_end: bool) -> int:
    if spot.line > document.line_count:
        lines = f"{document.line_count} line{'s' if document.line_count > 1 else ''}"
        raise InputError(f"{name} has {lines}; there is no line {spot.line}.")
    line = document.line_text(spot.line - 1)
    if spot.column is None:
        index = _text_end(line) if at_end else 0
    elif spot.column > len(line) + 1:
        raise InputError(
            f"Line {spot.line} of {name} has {len(line)} characters; there is no column {spot.column}."
        )
    else:
        index = spot.column - 1
    return document.line_start(spot.line - 1) + index


def _text_end(line: str) -> int:
    """Where a line's text ends; on a line of blanks, after them: they say how deep to begin."""
    return len(line.rstrip()) or len(line)
