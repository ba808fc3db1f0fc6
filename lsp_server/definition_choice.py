"""Which definitions a fill is shown, within a budget of characters.

The choice is made to last: it changes when a name turns up whose definition is not among the chosen, not
with every key. So the model's cache of it lives. Pure; deterministic.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lsp_server import indentation
from lsp_server.definition_catalogue import IDENTIFIER, Catalogue, Entry

LINES_ABOVE, LINES_BELOW = 40, 12
_NAMES_KEPT = 60
_LEAST_SHARE = 200
_SHORTEST = 8
"""No definition has fewer characters."""

Chunks = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and for what."""

    catalogue: Catalogue
    limit: int
    near: frozenset[str]
    """The names near the hole that it was made for, as far as they are defined somewhere."""
    chunks: Chunks
    """(path, definitions) for each file, the document's own last."""


def names_near(text: str, offset: int, first: int = 0, last: int | None = None) -> frozenset[str]:
    """Names on the lines around an offset, but for its own line: that one is being written.

    Nothing before `first` and nothing from `last` on is looked at.
    """
    start = indentation.line_start(text, offset)
    end = indentation.line_end(text, offset)
    above = start
    for _ in range(LINES_ABOVE):
        if above <= first:
            break
        above = indentation.line_start(text, above - 1)
    below: int | None = end
    for _ in range(LINES_BELOW):
        below = indentation.next_line(text, below) if below is not None else None
    below = len(text) if below is None else indentation.line_end(text, below)
    before = text[max(above, first) : start]
    after = text[end : below if last is None else min(below, last)]
    return frozenset((*IDENTIFIER.findall(before), *IDENTIFIER.findall(after)))


def choose(
    known: Catalogue,
    near: frozenset[str],
    window: str,
    limit: int,
    name_of: Callable[[Path], str],
    own: str,
    before: Choice | None = None,
) -> Choice:
    """Definitions of `known`, `limit` characters in all at most.

    `near`: names around the hole; `window`: the part of the document that is shown anyway; `own`: the
    document's name. Where `before`, the choice until now, still serves, it is answered.
    """
    near = _defined(known, near, window)
    if before is not None and before.catalogue is known and before.limit == limit:
        if near <= before.near:
            return before
        if len(near | before.near) <= _NAMES_KEPT:
            near |= before.near
    groups: dict[str, list[str]] = {}
    for entry in _within(_wanted(known, near, window), limit):
        name = own if entry.path is None else name_of(entry.path)
        groups.setdefault(name, []).append(shortened(entry.definition.text, _share(limit)))
    chunks = tuple((name, "\n".join(texts) + "\n") for name, texts in groups.items())
    return Choice(known, limit, near, chunks)


def _defined(known: Catalogue, names: frozenset[str], window: str) -> frozenset[str]:
    """Those of some names whose definitions may be chosen."""
    return frozenset(name for name in names if name in known.imported or _out_of_sight(known, name, window))


def _out_of_sight(known: Catalogue, name: str, window: str) -> list[Entry]:
    """The document's own definitions of a name that the window does not show."""
    return [entry for entry in known.own.get(name, ()) if entry.definition.line not in window]


def _wanted(known: Catalogue, near: frozenset[str], window: str) -> Iterator[Entry]:
    """Everything that may be shown, the most wanted first, each once."""
    yield from known.unused
    taken = {entry.order for entry in known.unused}
    around = [
        entry
        for name in near
        for entry in (*known.imported.get(name, ()), *_out_of_sight(known, name, window))
        if entry.order not in taken
    ]
    yield from sorted(around, key=lambda entry: entry.order)
    taken |= {entry.order for entry in around}
    for entry in (*known.named, *known.others):
        if entry.order not in taken:
            yield entry


def _within(wanted: Iterable[Entry], limit: int) -> list[Entry]:
    """Those that fit, the most wanted first, in the order they stand."""
    chosen: list[Entry] = []
    share = _share(limit)
    for entry in wanted:
        if limit < _SHORTEST:
            break
        size = len(shortened(entry.definition.text, share)) + 1
        if size <= limit:
            limit -= size
            chosen.append(entry)
    return sorted(chosen, key=lambda entry: entry.order)


def _share(limit: int) -> int:
    """Most characters of one definition."""
    return max(_LEAST_SHARE, limit // 4)


def shortened(text: str, size: int) -> str:
    """A definition without its last members where it is longer than `size`; its head stays whole."""
    if len(text) <= size:
        return text
    head, *members = text.split("\n")
    closing = members.pop() if members and members[-1].strip() in ("}", "};", "end") else None
    kept = [head]
    for line in members:
        size -= len(line) + 1
        if size < len(head):
            break
        kept.append(line)
    return "\n".join([*kept, closing] if closing is not None else kept)
