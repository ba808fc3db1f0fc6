"""The definitions that a document can name, sorted so that a request can choose among them at once.

Made in the background, once for each surround. Pure.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lsp_server.outline import Definition
from lsp_server.related import Surround
from lsp_server.right_of_way import Pause, no_pause

CONSIDERED = 1500
"""Most definitions that are weighed."""
IDENTIFIER = re.compile(r"[^\W\d]\w*")
_PIECE_CHARACTERS = 8000


@dataclass(frozen=True, slots=True)
class Entry:
    """One definition, and where it is from."""

    order: int
    """Its place among all: files in the order of their imports, the document's own last."""
    path: Path | None
    """None for the document itself."""
    definition: Definition


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A surround's definitions by how they may come to be shown."""

    surround: Surround = field(default_factory=Surround)
    unused: tuple[Entry, ...] = ()
    """Imported by name and not used yet: about to be, and no use shows how."""
    named: tuple[Entry, ...] = ()
    """The others that are imported by name."""
    others: tuple[Entry, ...] = ()
    """Public ones of modules that are imported as a whole."""
    imported: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    """All that are not the document's own, by name; private ones and those of files beside it too."""
    own: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    """The document's own, by name."""


def catalogue(surround: Surround, text: str, pause: Pause = no_pause) -> Catalogue:
    """`surround` of a document with this text, sorted."""
    wanted = frozenset(name for related in surround.imported for name in related.named)
    uses = _uses(text, wanted, pause)
    unused: list[Entry] = []
    named: list[Entry] = []
    others: list[Entry] = []
    imported: defaultdict[str, list[Entry]] = defaultdict(list)
    order = 0
    for related in surround.imported:
        pause()
        for definition in related.definitions[: CONSIDERED - order]:
            entry = Entry(order, related.path, definition)
            imported[definition.name].append(entry)
            order += 1
            if definition.name in related.named:
                (unused if uses[definition.name] <= 1 else named).append(entry)
            elif not related.beside and not definition.name.startswith("_"):
                others.append(entry)
    own: defaultdict[str, list[Entry]] = defaultdict(list)
    for place, definition in enumerate(surround.own, start=order):
        own[definition.name].append(Entry(place, None, definition))
    return Catalogue(
        surround,
        tuple(unused),
        tuple(named),
        tuple(others),
        {name: tuple(entries) for name, entries in imported.items()},
        {name: tuple(entries) for name, entries in own.items()},
    )


def _uses(text: str, names: frozenset[str], pause: Pause) -> Counter[str]:
    """How often a text has each of some names."""
    found: Counter[str] = Counter()
    start = 0
    while names and start < len(text):
        pause()
        end = text.find("\n", start + _PIECE_CHARACTERS) + 1 or len(text)
        found.update(name for name in IDENTIFIER.findall(text, start, end) if name in names)
        start = end
    return found
