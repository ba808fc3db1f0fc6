"""The brackets that a piece of text leaves open and those it closes without having opened them."""

from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node, Tree

_CLOSERS = {"(": ")", "[": "]", "{": "}"}
_OPENERS = {closer: opener for opener, closer in _CLOSERS.items()}


def unpaired(tree: Tree) -> tuple[str, str]:
    """(closers without opener, openers without closer) in text order; those in strings don't count."""
    closers, openers = "", ""
    for kind in _leaves(tree):
        if kind in _CLOSERS:
            openers += kind
        elif kind in _OPENERS:
            if openers.endswith(_OPENERS[kind]):
                openers = openers[:-1]
            elif not openers:
                closers += kind
    return closers, openers


@dataclass(frozen=True, slots=True)
class Bridge:
    """Brackets that make a text of two pieces complete."""

    close: str
    """Closers that stand between the pieces, first."""
    open: str
    """Openers that stand between them, next."""
    rest: str
    """Closers that stand behind the second piece."""


def bridges(before: tuple[str, str], behind: tuple[str, str]) -> list[Bridge]:
    """The ways in which two pieces may belong together, for what is `unpaired` in each.

    Either the second piece closes the outermost brackets of the first, as a file's end does, or it closes
    the innermost and is cut off before the others.
    """
    openers, (closers, left_open) = before[1], behind
    kept = next(
        length
        for length in range(min(len(openers), len(closers)), -1, -1)
        if _closing(openers[:length]) == closers[len(closers) - length :]
    )
    over = closers[: len(closers) - kept]
    opened = "".join(_OPENERS[closer] for closer in reversed(over))
    found = [Bridge(_closing(openers[kept:]), opened, _closing(left_open))]
    inner = len(openers) - len(closers)
    if inner > 0 and _closing(openers[inner:]) == closers:
        found.append(Bridge("", "", _closing(openers[:inner] + left_open)))
    return found


def closing(text: tuple[str, str]) -> str:
    """What closes all that is `unpaired` in a text, the innermost first."""
    return _closing(text[1])


def _closing(openers: str) -> str:
    return "".join(_CLOSERS[opener] for opener in reversed(openers))


def _leaves(tree: Tree) -> Iterator[str]:
    """The kinds of the tokens that are really in the text."""
    cursor = tree.walk()
    while True:
        if cursor.goto_first_child():
            continue
        node: Node | None = cursor.node
        if node is not None and not node.is_missing:
            yield node.type
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
