"""The end of a prefix that a constraint looks at: as much as is sound.

A prefix may be cut out of a file anywhere, and may be broken anywhere. Knows bytes and trees.
"""

import re
from dataclasses import dataclass

from runtime.constraints.brackets import closing, unpaired
from runtime.constraints.viability import Parsed, PrefixParser

LONGEST = 32_768
"""Bytes of prefix that are looked at."""

_ENOUGH = 512
"""Bytes of a window that tell as much as all of the prefix, where it begins with something new."""

_LISTENED = 4_096
"""Bytes of a prefix without a sound beginning in which one is sought."""

_ATTEMPTS = 6
"""Places that are tried as a window's start, in a sound prefix and in a broken one."""

_NEW = re.compile(rb"[^\s)\]}#/*'\"`]")
"""What begins a line in the first column where nothing is open."""

_STATEMENT = re.compile(
    rb"^(?:[ \t]+(?:async|class|const|def|enum|export|fn|for|func|function|if|impl|import|interface|let|mod"
    rb"|private|protected|pub|public|raise|return|static|struct|switch|throw|trait|try|type|use|var|while"
    rb"|with)\b|(?=[^\s)\]}#/*'\"`]))",
    re.MULTILINE,
)
"""A line that begins a statement: what stands around it may be a block, but no list of arguments. Or one that
begins in the first column, where nothing is open."""

_CLASS = b"class X {\n"
"""What a member of a class can't stand without, in the languages below."""
_WITH_CLASSES = frozenset({"typescript", "typescriptreact", "javascript", "javascriptreact"})


@dataclass(frozen=True, slots=True)
class Window:
    """The beginning of a text without errors, ending where the hole begins."""

    parsed: Parsed
    nested: bool
    """It may begin inside brackets or blocks."""

    @property
    def text(self) -> bytes:
        """The window itself; where it begins inside a class, behind a made-up header."""
        return self.parsed.text


def window(prefix: bytes, language: str, parser: PrefixParser) -> Window | None:
    """The longest end of a prefix that can be looked at, or less where less tells as much.

    None where there is none: the prefix is broken close to its end, and nothing can be said of what follows.
    """
    prefix = _last_lines(prefix, LONGEST)
    whole = parser.parse(prefix)
    starts = [
        node.start_byte
        for node in whole.tree.root_node.children
        if not node.start_point.column and _NEW.match(prefix, node.start_byte, len(prefix) - _ENOUGH)
    ]
    for start in reversed(starts[-_ATTEMPTS:]):
        # Where the text before is free of errors, it is over; where a line goes on with it all the same, as
        # "else" does, the window isn't viable.
        if start and parser.is_whole(prefix[:start], whole) and _is_viable(prefix[start:], parser):
            return Window(parser.parse(prefix[start:]), nested=False)
    return _first_sound(_last_lines(prefix, _LISTENED), language, parser)


def _first_sound(prefix: bytes, language: str, parser: PrefixParser) -> Window | None:
    """The window from the start, or from a line after the error in the one before it."""
    start = 0
    for _ in range(_ATTEMPTS):
        if start or prefix[:1].isspace():
            match = _STATEMENT.search(prefix, start)
            if match is None:
                return None
            start = match.start()
        text = prefix[start:]
        nested = text[:1].isspace()
        if _is_viable(text, parser):
            return Window(parser.parse(text), nested=nested)
        if nested and language in _WITH_CLASSES and _is_viable(_CLASS + text, parser):
            return Window(parser.parse(_CLASS + text), nested=True)
        stop = parser.stop(text)
        line = -1 if stop is None else text.find(b"\n", stop)
        if line < 0:
            return None
        start += line + 1
    return None


def _is_viable(text: bytes, parser: PrefixParser) -> bool:
    """As the parser's own, but with a look whether the text is free of errors but for its open brackets."""
    parsed = parser.parse(text)
    if not parsed.tree.root_node.has_error:
        return True
    closers = closing(unpaired(parsed.tree).openers).encode()
    if closers and any(parser.is_whole(text + more, parsed) for more in (closers, b"x" + closers)):
        return True
    return parser.viable(text)


def _last_lines(text: bytes, limit: int) -> bytes:
    """The text, or as many of its last lines as have `limit` bytes."""
    if len(text) <= limit:
        return text
    line = text.find(b"\n", len(text) - limit) + 1
    return text[line:] if line else b""
