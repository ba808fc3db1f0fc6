"""Open texts, kept equal to the client's: line index, incremental edits, positions to offsets.

Lines end in \\r\\n, \\n or \\r and in nothing else (LSP 3.17, "Text Documents"). Knows text; does not
know syntax or the protocol's messages.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from lsp_server.positions import Encoding, Position, Range, column_to_index, index_to_column

_BREAK = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Edit:
    """One applied change in code points: `old_end - start` of them became `new_end - start`."""

    start: int
    old_end: int
    new_end: int


def line_starts(text: str, base: int = 0) -> list[int]:
    """Offset of each line of `text`, the first being `base`."""
    return [base, *(base + match.end() for match in _BREAK.finditer(text))]


def difference(before: str, after: str) -> Edit:
    """The one edit that makes a text of another: what is between their common beginning and end."""
    shorter = min(len(before), len(after))
    start = _longest(shorter, lambda size: before[:size] == after[:size])
    end = _longest(shorter - start, lambda size: before[len(before) - size :] == after[len(after) - size :])
    return Edit(start, len(before) - end, len(after) - end)


def _longest(most: int, holds: Callable[[int], bool]) -> int:
    """The largest size up to `most` for which something holds that holds for every smaller one."""
    return bisect_left(range(1, most + 1), True, key=lambda size: not holds(size))


class Document:
    """One open text."""

    def __init__(
        self,
        uri: str,
        text: str,
        *,
        version: int = 0,
        language: str = "",
        encoding: Encoding = "utf-16",
    ) -> None:
        self.uri = uri
        self.language = language
        self.version = version
        self.encoding = encoding
        self.text = text
        self._starts = line_starts(text)

    @property
    def line_count(self) -> int:
        """Lines, the one after the last line break included."""
        return len(self._starts)

    @property
    def eol(self) -> str:
        """The line break the text uses, judged by its first one."""
        match = _BREAK.search(self.text)
        return match.group() if match else "\n"

    def line_start(self, line: int) -> int:
        """Offset of a line's first character."""
        return self._starts[line]

    def line_end(self, line: int) -> int:
        """Offset of a line's end, before its line break."""
        if line + 1 == len(self._starts):
            return len(self.text)
        end = self._starts[line + 1] - 1
        if end > self._starts[line] and self.text[end] == "\n" and self.text[end - 1] == "\r":
            end -= 1
        return end

    def line_text(self, line: int) -> str:
        """A line without its line break."""
        return self.text[self._starts[line] : self.line_end(line)]

    def line_of(self, offset: int) -> int:
        """The line an offset lies on."""
        return bisect_right(self._starts, offset) - 1

    def offset_at(self, position: Position) -> int:
        """Offset of a position; past a line's end it is the line's end, past the last line the text's end."""
        if position.line >= len(self._starts):
            return len(self.text)
        line = self.line_text(position.line)
        return self._starts[position.line] + column_to_index(line, position.character, self.encoding)

    def position_at(self, offset: int) -> Position:
        """Position of an offset between 0 and the text's length."""
        line = self.line_of(offset)
        # An offset between \r and \n has no position of its own: it is the line's end.
        index = min(offset, self.line_end(line)) - self._starts[line]
        return Position(line, index_to_column(self.line_text(line), index, self.encoding))

    def offsets_of(self, span: Range) -> tuple[int, int]:
        """Start and end offset of a range, in order even where the client swapped them."""
        start, end = self.offset_at(span.start), self.offset_at(span.end)
        return (start, end) if start <= end else (end, start)

    def range_of(self, start: int, end: int) -> Range:
        """The range between two offsets."""
        return Range(self.position_at(start), self.position_at(end))

    def replace(self, text: str) -> None:
        """Take a whole new text."""
        self.text = text
        self._starts = line_starts(text)

    def apply(self, span: Range, new_text: str) -> Edit:
        """Replace a range and reindex the lines it touches."""
        start, end = self.offsets_of(span)
        starts = self._starts
        # A border may split or join \r\n, so one more line is scanned on either side.
        first = max(0, self.line_of(start) - 1)
        after = self.line_of(end) + 2
        scan_from = starts[first]
        scan_to = starts[after] if after < len(starts) else len(self.text)
        shift = len(new_text) - (end - start)
        self.text = self.text[:start] + new_text + self.text[end:]
        scanned = line_starts(self.text[scan_from : scan_to + shift], scan_from)
        if after < len(starts):
            scanned.pop()  # the start of line `after`, shifted below
        self._starts = starts[:first] + scanned + [offset + shift for offset in starts[after:]]
        return Edit(start, end, start + len(new_text))
