"""Pieces of other open files that were edited or opened lately: context for a fill elsewhere.

A ring of chunks; the slowest-changing come first in the answer, so that the engine's cache of them lives.
"""

from collections import deque
from dataclasses import dataclass

from lsp_server.documents import Document

_KEPT = 16
_LINES_AROUND = 20
_SAME_SHARE = 0.7
"""Share of common lines above which two chunks count as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some lines of a file."""

    uri: str
    path: str
    first_line: int
    text: str

    @property
    def lines(self) -> frozenset[str]:
        """The different lines that say something."""
        return frozenset(line.strip() for line in self.text.split("\n") if line.strip())

    @property
    def last_line(self) -> int:
        """The line after the chunk's end."""
        return self.first_line + self.text.count("\n") + 1


class Neighbours:
    """The ring."""

    def __init__(self) -> None:
        self._ring: deque[Chunk] = deque(maxlen=_KEPT)

    def visit(self, document: Document, path: str, line: int) -> None:
        """Keep the lines around `line`, in place of what was kept of that part of the file."""
        first = max(0, min(line, document.line_count - 1) - _LINES_AROUND)
        last = min(document.line_count - 1, line + _LINES_AROUND)
        text = document.text[document.line_start(first) : document.line_end(last)].strip("\r\n")
        if not text.strip():
            return
        new = Chunk(uri=document.uri, path=path, first_line=first, text=text)
        kept = [chunk for chunk in self._ring if not _replaces(new, chunk)]
        self._ring = deque([*kept, new], maxlen=_KEPT)

    def chunks(self, uri: str, limit: int) -> tuple[tuple[str, str], ...]:
        """(path, text) of the latest chunks of other files than `uri`, `limit` characters in all at most.

        The latest come last.
        """
        chosen: list[Chunk] = []
        for chunk in reversed(self._ring):
            if chunk.uri == uri or any(_alike(chunk, other) for other in chosen):
                continue
            limit -= len(chunk.text)
            if limit < 0:
                break
            chosen.append(chunk)
        return tuple((chunk.path, chunk.text) for chunk in reversed(chosen))


def _replaces(new: Chunk, old: Chunk) -> bool:
    return new.uri == old.uri and new.first_line < old.last_line and old.first_line < new.last_line


def _alike(one: Chunk, other: Chunk) -> bool:
    common = len(one.lines & other.lines)
    return common >= _SAME_SHARE * min(len(one.lines), len(other.lines))
