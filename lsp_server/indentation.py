"""Indentation as text: widths, the file's unit, lines around an offset.

The one thing every language has, grammar or not. Knows strings and offsets only.
"""

import re
from collections import Counter
from functools import lru_cache

TAB_WIDTH = 4
"""Columns a tab counts where widths are compared."""

_BREAK = re.compile(r"\r\n|\n|\r")
_SAMPLED = 10_000
_LOOKED_BACK = 120
_LEADING = re.compile(r"^([ \t]+)\S", re.MULTILINE)


def leading(line: str) -> str:
    """The blanks a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def width(line: str) -> int:
    """Columns of a line's indentation."""
    return len(leading(line).replace("\t", " " * TAB_WIDTH))


def line_start(text: str, offset: int) -> int:
    """Offset of the start of the line that `offset` lies on."""
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def line_end(text: str, offset: int) -> int:
    """Offset of the end of that line, before its line break."""
    match = _BREAK.search(text, offset)
    return match.start() if match else len(text)


def next_line(text: str, offset: int) -> int | None:
    """Offset of the start of the following line; None on the last line."""
    match = _BREAK.search(text, offset)
    return match.end() if match else None


def line_at(text: str, offset: int) -> str:
    """The line an offset lies on, without its line break."""
    return text[line_start(text, offset) : line_end(text, offset)]


def split_lines(text: str) -> list[str]:
    """Lines with their breaks kept; \\f, \\v and U+2028 break nothing."""
    lines, start = [], 0
    for match in _BREAK.finditer(text):
        lines.append(text[start : match.end()])
        start = match.end()
    if start < len(text):
        lines.append(text[start:])
    return lines


def unit(text: str) -> str:
    """One level of indentation as the file writes it: a tab or some spaces (4 where it has none)."""
    return _unit_of(text[:_SAMPLED])


@lru_cache(maxsize=16)
def _unit_of(text: str) -> str:
    steps: Counter[str] = Counter()
    previous = 0
    for match in _LEADING.finditer(text):
        blanks = match.group(1)
        if blanks.startswith("\t"):
            steps["\t"] += 1
            continue
        step = len(blanks) - previous
        previous = len(blanks)
        # After a comma the line hangs below an opening bracket, wherever that stands.
        if 2 <= step <= 8 and not _ends_in_comma(text, match.start()):
            steps[" " * step] += 1
    return steps.most_common(1)[0][0] if steps else "    "


def _ends_in_comma(text: str, end: int) -> bool:
    return text[max(0, end - _LOOKED_BACK) : end].rstrip()[-1:] == ","


def indented_end(text: str, start: int, column: int) -> int:
    """End of the last line from `start` on that is indented deeper than `column`; `start` if none is.

    `start` is a line's start. Blank lines between such lines belong to them.
    """
    end, at = start, start
    while True:
        stop = line_end(text, at)
        line = text[at:stop]
        if line.strip():
            if width(line) <= column:
                return end
            end = stop
        following = next_line(text, at)
        if following is None:
            return end
        at = following
