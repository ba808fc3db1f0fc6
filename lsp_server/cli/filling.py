"""One fill of a text, from a span to the text that belongs there: what `fill` and `demo` share.

Knows texts, requests and results; does not know files or terminals.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lsp_server import indentation
from lsp_server.cli.place import Span
from lsp_server.documents import Document
from lsp_server.fill_requests import request_for
from lsp_server.holes import Hole
from lsp_server.languages import language_by_id, language_of_path
from lsp_server.positions import Position
from lsp_server.trimming import Place, trim
from runtime import FillRequest, FillResult, Mode

LONGEST_PARSED_CHARS = 400_000
"""A longer text is cut around the hole before its syntax is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What is to be filled: the text, the hole in it, and the request to the engine."""

    document: Document
    hole: Hole
    request: FillRequest

    @property
    def before(self) -> str:
        """The text before the hole."""
        return self.document.text[: self.hole.start]

    @property
    def after(self) -> str:
        """The text after the hole."""
        return self.document.text[self.hole.end :]

    @property
    def first_line(self) -> int:
        """The line, from 0, that the hole begins on."""
        return self.document.line_of(self.hole.start)

    def fitted(self, result: FillResult) -> str:
        """The engine's text, trimmed to its place."""
        place = Place(
            prefix=self.request.prefix,
            suffix=self.request.suffix,
            mode=self.hole.mode,
            language=language_by_id(self.document.language),
            unit=indentation.unit(self.document.text),
            eol=self.document.eol,
        )
        return trim(result.text, place)

    def place(self, offset: int) -> Position:
        """Line and column of an offset, from 0, in characters."""
        return self.document.position_at(offset)


def open_text(text: str, name: str) -> Document:
    """A text with positions in characters; its language is guessed from `name`."""
    return Document(name, text, language=language_of_path(name), encoding="utf-32")


def prepare(
    document: Document,
    span: Span,
    *,
    mode: Mode | None = None,
    max_tokens: int | None = None,
    count_tokens: Callable[[str], int] | None = None,
) -> Filling:
    """Find the hole that a span means, and ask for its text.

    Raises:
        InputError: there is no function to fill, where one was asked for.
    """
    text, end = document.text, span.start if span.end is None else span.end
    first, last = _neighbourhood(document, span.start, end)
    hole, request = request_for(
        text[first:last],
        span.start - first,
        None if span.end is None else span.end - first,
        mode,
        document.language,
        path=document.uri,
        count_tokens=count_tokens,
        max_tokens=max_tokens,
    )
    hole = Hole(start=hole.start + first, end=hole.end + first, mode=hole.mode)
    return Filling(document=document, hole=hole, request=request)


def _neighbourhood(document: Document, start: int, end: int) -> tuple[int, int]:
    """Offsets of whole lines around a span: all of them, unless the text is very long."""
    text, half = document.text, LONGEST_PARSED_CHARS // 2
    if len(text) <= LONGEST_PARSED_CHARS:
        return 0, len(text)
    first = document.line_start(document.line_of(max(0, start - half)))
    last = document.line_end(document.line_of(min(len(text), end + half)))
    # A line may be longer than the neighbourhood.
    return max(first, start - 2 * half), min(last, end + 2 * half)
