"""Plain texts to try in a hole, to see how far what is behind it can fit at all.

Knows the two sides' text and their brackets; parses nothing.
"""

from collections.abc import Iterator, Sequence

from runtime.constraints.brackets import Bridge

_FIRST = ("", "x", "x\n", "\n", "x()", "x,")
"""Most holes take one of these, with the brackets that their sides lack."""

_INDENTED = ("if x:", "def x():", "import x", "for x in x", ": x")
_BRACED = ("x;", "x: x", "= x", "fn x() ", "function x() ", "class x ", "if (x) ")
"""And those that some holes take, by whether indentation matters."""

_QUOTES = ("'''", '"""', '"', "'", "`")
_BETWEEN_STRINGS = ("", ", ", "\nx ", ";\nx ")


def plain_texts(
    before: str, behind: str, ways: Sequence[Bridge], indent: str | None
) -> Iterator[tuple[str, str]]:
    """Each text once, with the brackets that then have to stand behind it all; the likeliest first.

    `before` and `behind` are the hole's sides, and `ways` those in which they may belong together; `indent`
    is what a statement in the hole stands behind, None where it doesn't matter.
    """
    seen: set[tuple[str, str]] = set()
    for left, right in _halves(before, behind, indent):
        for way in ways:
            for text in (
                left + way.close + way.open + right,
                left + right + way.close + way.open,
                way.close + left + right + way.open,
            ):
                if (text, way.rest) not in seen:
                    seen.add((text, way.rest))
                    yield text, way.rest


def _halves(before: str, behind: str, indent: str | None) -> Iterator[tuple[str, str]]:
    """Texts, in two halves where brackets may stand in their middle as well."""
    for text in _FIRST:
        if indent:
            yield indent + text, ""
        yield text, ""
    for quote in _QUOTES:
        closed, opened = _is_odd(before, quote), _is_odd(behind, quote)
        if closed and opened:
            for between in _BETWEEN_STRINGS:
                yield quote, between + quote
        elif closed:
            yield quote, ""
            yield quote + "\n", ""
        elif opened:
            yield "", quote
    for text in _BRACED if indent is None else _INDENTED:
        if indent:
            yield indent + text, ""
        yield text, ""
    yield "*/", ""


def _is_odd(text: str, quote: str) -> bool:
    """Whether a string seems to reach over the text's inner end: the hole's side of its line, or all."""
    if len(quote) > 1:
        return text.count(quote) % 2 == 1
    return text.strip("\n").count(quote) % 2 == 1
