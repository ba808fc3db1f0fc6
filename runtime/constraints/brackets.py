"""Brackets without partner in a piece of text, and those that stand between two pieces."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tree_sitter import Tree

_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_OPENERS = {closer: opener for opener, closer in _CLOSERS.items()}


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket without its partner."""

    kind: str
    row: int
    """Counted from the text's first line, 0."""
    column: int


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A text's brackets without partner, in text order; those in strings and comments don't count."""

    closers: tuple[Bracket, ...]
    openers: tuple[Bracket, ...]


@dataclass(frozen=True, slots=True)
class Bridge:
    """Brackets that make a text of two pieces complete."""

    close: str
    """Closers that stand between the pieces, first."""
    open: str
    """Openers that stand between them, next."""
    rest: str
    """Closers that stand behind the second piece."""


def unpaired(tree: Tree) -> Unpaired:
    """The brackets of a text that lack a partner in it."""
    closers: list[Bracket] = []
    openers: list[Bracket] = []
    for bracket in _brackets(tree):
        if bracket.kind in _CLOSERS:
            openers.append(bracket)
        elif openers and openers[-1].kind == _OPENERS[bracket.kind]:
            openers.pop()
        elif not openers:
            closers.append(bracket)
    return Unpaired(tuple(closers), tuple(openers))


def closing(openers: Sequence[Bracket]) -> str:
    """What closes `openers`, the innermost first."""
    return "".join(_CLOSERS[opener.kind] for opener in reversed(openers))


def bridges(before: Unpaired, behind: Unpaired, last_row: int, indent: int) -> list[Bridge]:
    """The ways in which two pieces may belong together with something between them.

    Either the second piece closes the outermost brackets of the first, as the end of a file does, or it
    closes the innermost and is cut off before the others. What is missing is the gap's affair where the
    partner stands on the gap's own line or in the column where that line's text begins; elsewhere it may be a
    fault of the file, and is left alone. `last_row` is the first piece's last row, `indent` that column.
    """
    openers, closers = before.openers, behind.closers
    rest = closing(behind.openers)
    kept = next(
        length
        for length in range(min(len(openers), len(closers)), -1, -1)
        if closing(openers[:length]) == _kinds(closers[len(closers) - length :])
    )
    inner, over = openers[kept:], closers[: len(closers) - kept]
    found = []
    if all(opener.row == last_row for opener in inner) and all(
        not closer.row or closer.column == indent for closer in over
    ):
        opened = "".join(_OPENERS[closer.kind] for closer in reversed(over))
        found.append(Bridge(closing(inner), opened, rest))
    outer = len(openers) - len(closers)
    if outer > 0 and closing(openers[outer:]) == _kinds(closers):
        found.append(Bridge("", "", rest + closing(openers[:outer])))
    return found or [Bridge("", "", "")]


def _kinds(brackets: Sequence[Bracket]) -> str:
    return "".join(bracket.kind for bracket in brackets)


def _brackets(tree: Tree) -> Iterator[Bracket]:
    """The brackets that are really in the text."""
    cursor = tree.walk()
    while True:
        if cursor.goto_first_child():
            continue
        node = cursor.node
        if node is not None and node.type in _PAIRED and not node.is_missing:
            yield Bracket(node.type, *node.start_point)
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


_PAIRED = _CLOSERS.keys() | _OPENERS.keys()
