"""Python's indentation: the first line of a text that stands where no line can.

tree-sitter's grammar forgives a missing block, a line that is indented for no reason and one that goes back
to no earlier level; Python doesn't (Python reference, 2.1.8). Strings, brackets and joined lines are told
apart here as Python's own tokenizer does it.
Knows bytes; a text may begin in the middle of a file, but not in the middle of a statement.
"""

import re
from dataclasses import dataclass

_INDENT = re.compile(rb"([ \t]*)(?:#[^\r\n]*)?(\r\n?|\n|\Z)?")
_SIMPLE = re.compile(rb"([^\r\n#\"'()\[\]{}\\]+)(?:\r\n?|\n)")
"""A line that is a statement, without strings, brackets and comments."""
_PIECE = re.compile(
    rb"(?P<plain>[^\r\n#\"'()\[\]{}\\]+)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>\r\n?|\n)"
    rb"|(?P<quote>\"\"\"|'''|[\"'])|(?P<skip>\\(?:\r\n?|\n)?|#[^\r\n]*)"
)
_PREFIX = re.compile(rb"(?i)(?<![A-Za-z0-9_\x80-\xff])(?:[ub]|b?r|rb|(?P<formatted>[ft]r?|r[ft]))\Z")
_LONGEST_PREFIX = 2
_BODY = {
    b"'": re.compile(rb"(?:[^'\\\r\n]+|\\(?:\r\n|.))*", re.DOTALL),
    b'"': re.compile(rb'(?:[^"\\\r\n]+|\\(?:\r\n|.))*', re.DOTALL),
    b"'''": re.compile(rb"(?:[^\\']+|\\.|'(?!''))*", re.DOTALL),
    b'"""': re.compile(rb'(?:[^\\"]+|\\.|"(?!""))*', re.DOTALL),
}
"""A string's text, by its quote."""
_FORMATTED = re.compile(rb"[^\\{}\"'\r\n]+|\\.|\{\{|\}\}|[{}\r\n]|\"\"\"|'''|[\"']", re.DOTALL)
_FORMAT = re.compile(rb"[^{}]*")
_FIELD_END = re.compile(rb"[:}]")


@dataclass(frozen=True, slots=True)
class Place:
    """What is known where a statement's line may begin."""

    byte: int = 0
    levels: tuple[bytes, ...] = ()
    """Indentations that are open, the outermost first; none before the first statement."""
    header: bool = False
    """The statement before ended in a colon."""
    lost: bool = False
    """The text is beyond what these rules know; they have no more to say."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How far a text is well indented."""

    fault: int | None
    """First byte of the first statement that can't stand where it is; None where there is none."""
    place: Place
    """The last place from which a longer text may be scanned; the fault's, where there is one."""


_START = Place()


class _UnfinishedError(Exception):
    """The text ends inside a statement."""


class _UnknownError(Exception):
    """Not Python as these rules know it."""


def scan(text: bytes, place: Place = _START) -> Scan:
    """Check the statements of `text` from `place` on. Its last line may be unfinished."""
    byte, levels, header, lost = place.byte, place.levels, place.header, place.lost
    fault: int | None = None
    while not lost:
        match = _INDENT.match(text, byte)
        assert match is not None
        indent, line_end = match.groups()
        if line_end:
            byte = match.end()  # a blank line
            continue
        if line_end is not None:
            break
        start = match.end(1)
        try:
            if header or not levels or indent != levels[-1] or text[start] in b"\\\f":
                found = _levels(levels, indent, text[start], header=header)
                if found is None:
                    fault = start
                    break
            else:
                found = levels
            simple = _SIMPLE.match(text, start)
            if simple is not None:
                end, colon = simple.end(), simple[1].rstrip().endswith(b":")
            else:
                end, colon = _statement(text, start)
        except _UnfinishedError:
            break
        except _UnknownError:
            lost = True
            break
        byte, levels, header = end, found, colon
    return Scan(fault, Place(byte, levels, header, lost))


def _levels(
    levels: tuple[bytes, ...], indent: bytes, first: int, *, header: bool
) -> tuple[bytes, ...] | None:
    """The levels that are open in a statement behind `indent`; None if it can't stand there."""
    if first in b"\\\f":
        raise _UnknownError
    if not levels:
        return (indent,)
    current = levels[-1]
    if not (indent.startswith(current) or current.startswith(indent)):
        raise _UnknownError  # tabs against spaces
    if header:
        return (*levels, indent) if len(indent) > len(current) else None
    if len(indent) > len(current):
        return None
    kept = tuple(level for level in levels if len(level) <= len(indent))
    if not kept:
        return (indent,)  # the text began inside a block
    return kept if kept[-1] == indent else None


def _statement(text: bytes, byte: int) -> tuple[int, bool]:
    """The byte behind the statement's last line, and whether a colon ends it."""
    depth, colon = 0, False
    while (match := _PIECE.match(text, byte)) is not None:
        byte = match.end()
        kind = match.lastgroup
        if kind == "plain":
            if solid := match[0].rstrip(b" \t\f"):
                colon = solid.endswith(b":")
        elif kind == "end":
            if not depth:
                return byte, colon
        elif kind != "skip":
            colon = False
            if kind == "quote":
                byte = _string_end(text, byte, match[0])
            else:
                depth += 1 if kind == "open" else -1
                if depth < 0:
                    raise _UnknownError
    raise _UnfinishedError


def _string_end(text: bytes, byte: int, quote: bytes) -> int:
    """The byte behind a string whose opening quote ends at `byte`."""
    start = byte - len(quote)
    prefix = _PREFIX.search(text, max(0, start - _LONGEST_PREFIX - 1), start)
    if prefix is not None and prefix["formatted"]:
        return _formatted_end(text, byte, quote)
    match = _BODY[quote].match(text, byte)
    assert match is not None
    byte = match.end()
    if text.startswith(quote, byte):
        return byte + len(quote)
    if text[byte : byte + 1] in (b"\r", b"\n"):
        raise _UnknownError
    raise _UnfinishedError


def _formatted_end(text: bytes, byte: int, quote: bytes) -> int:
    """As `_string_end`, for a string with replacement fields."""
    while (match := _FORMATTED.match(text, byte)) is not None:
        piece = match[0]
        if text.startswith(quote, byte):
            return byte + len(quote)
        if piece[0] in b"\r\n" and len(quote) == 1:
            raise _UnknownError
        # Three quotes of the other kind, or one inside three, are text.
        byte = byte + 1 if piece[0] in b"\"'" else match.end()
        if piece == b"{":
            byte = _field_end(text, byte)
    raise _UnfinishedError


def _field_end(text: bytes, byte: int) -> int:
    """The byte behind a replacement field whose `{` ends at `byte`."""
    depth = 0
    while (match := _PIECE.match(text, byte)) is not None:
        kind = match.lastgroup
        if kind == "plain" and not depth and (colon := match[0].find(b":")) >= 0:
            return _format_end(text, byte + colon + 1)
        byte = match.end()
        if kind == "quote":
            byte = _string_end(text, byte, match[0])
        elif kind == "open":
            depth += 1
        elif kind == "close":
            if not depth:
                return byte
            depth -= 1
    raise _UnfinishedError


def _format_end(text: bytes, byte: int) -> int:
    """The byte behind a replacement field whose format begins at `byte`."""
    while True:
        match = _FORMAT.match(text, byte)
        assert match is not None
        byte = match.end() + 1
        sign = text[match.end() : byte]
        if not sign:
            raise _UnfinishedError
        if sign == b"}":
            return byte
        byte = _field_end(text, byte)
