"""Which definitions a fill is shown, within a budget of characters.

The choice is made to last: it changes when a name turns up whose definition is not among the chosen, not
with every key. So the model's cache of it lives. Pure; deterministic.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lsp_server import indentation
from lsp_server.outline import Definition
from lsp_server.related import Surround

CONSIDERED = 1500
"""Most definitions that are weighed."""
LINES_ABOVE, LINES_BELOW = 40, 12
_NAMES_KEPT = 60
_LEAST_SHARE = 200
_IDENTIFIER = re.compile(r"[^\W\d]\w*")

Chunks = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and for what."""

    surround: Surround
    limit: int
    near: frozenset[str]
    """The names near the hole that it was made for, as far as they are defined somewhere."""
    chunks: Chunks
    """(path, definitions) for each file, the document's own last."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    rank: int
    order: int
    path: Path | None
    """None for the document itself."""
    definition: Definition


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
    return frozenset((*_IDENTIFIER.findall(before), *_IDENTIFIER.findall(after)))


def choose(
    surround: Surround,
    near: frozenset[str],
    text: str,
    window: str,
    limit: int,
    name_of: Callable[[Path], str],
    own: str,
    before: Choice | None = None,
) -> Choice:
    """Definitions of `surround`, `limit` characters in all at most.

    `near`: names around the hole; `text`: the document; `window`: the part of it that is shown anyway;
    `own`: the document's name. Where `before`, the choice until now, still serves, it is answered.
    """
    known = near & _defined(surround, window)
    if before is not None and before.surround is surround and before.limit == limit:
        if known <= before.near:
            return before
        if len(known | before.near) <= _NAMES_KEPT:
            known |= before.near
    groups: dict[str, list[str]] = {}
    for candidate in _within(_candidates(surround, known, text, window), limit):
        name = own if candidate.path is None else name_of(candidate.path)
        groups.setdefault(name, []).append(shortened(candidate.definition.text, _share(limit)))
    chunks = tuple((name, "\n".join(texts) + "\n") for name, texts in groups.items())
    return Choice(surround, limit, known, chunks)


def _within(candidates: list[_Candidate], limit: int) -> list[_Candidate]:
    """Those that fit, the most wanted first, in the order they stand."""
    chosen: list[_Candidate] = []
    share = _share(limit)
    for candidate in sorted(candidates, key=lambda one: (one.rank, one.order)):
        size = len(shortened(candidate.definition.text, share)) + 1
        if size <= limit:
            limit -= size
            chosen.append(candidate)
    return sorted(chosen, key=lambda one: one.order)


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


def _defined(surround: Surround, window: str) -> frozenset[str]:
    """Names whose definitions may be chosen."""
    return surround.names | {one.name for one in surround.own if one.line not in window}


def _candidates(surround: Surround, near: frozenset[str], text: str, window: str) -> list[_Candidate]:
    """Everything that may be shown; the lower the rank, the sooner it is."""
    found: list[_Candidate] = []
    uses = Counter(_IDENTIFIER.findall(text))
    for related in surround.imported:
        for definition in related.definitions[: CONSIDERED - len(found)]:
            name = definition.name
            named = name in related.named
            if named and uses[name] <= 1:
                rank = 0  # imported and not used yet: it is about to be, and no use of it shows how
            elif name in near:
                rank = 1
            elif named:
                rank = 2
            elif related.beside or name.startswith("_"):
                continue
            else:
                rank = 3
            found.append(_Candidate(rank, len(found), related.path, definition))
    for definition in surround.own:
        if definition.name in near and definition.line not in window:
            found.append(_Candidate(1, len(found), None, definition))
    return found
