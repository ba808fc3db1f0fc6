"""The definitions that a file can call by name: those of the modules it imports, and its own.

From a document's text to an ordered list, through the index of the workspace's files. For a background
thread. Knows nothing of cursors, windows or prompts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from lsp_server.definition_index import DefinitionIndex, Outlined
from lsp_server.import_targets import Target, targets
from lsp_server.imports import SAME_FOLDER
from lsp_server.languages import language_by_id
from lsp_server.outline import Definition

FILES = 60
"""Most files one document draws on."""
_HOPS = 2
"""How far a name is followed through modules that hand it on, as a package's `__init__` does."""


@dataclass(frozen=True, slots=True)
class Related:
    """One file's definitions as another file sees them."""

    path: Path
    definitions: tuple[Definition, ...]
    named: frozenset[str] = frozenset()
    """Those that the other file imports by name."""
    beside: bool = False
    """Whether the file is seen without an import: only what is used of it is of interest."""


@dataclass(frozen=True, slots=True)
class Surround:
    """What was found for one document."""

    imported: tuple[Related, ...] = ()
    own: tuple[Definition, ...] = ()
    """The document's own definitions."""
    names: frozenset[str] = frozenset()
    """Of everything in `imported`."""
    broken: bool = False
    """Whether the document could not be parsed whole, as is common while someone writes in it."""

    def follows(self, older: "Surround") -> bool:
        """Whether this should take the place of what was found before: nothing may be lost to a line that
        is half written."""
        if self.imported == older.imported and self.own == older.own:
            return False
        lost = older.names - self.names or {one.name for one in older.own} - {one.name for one in self.own}
        return not (self.broken and lost)


def surround(document: Outlined, index: DefinitionIndex) -> Surround:
    """Everything a document can name: imported modules in the order of its imports, and itself."""
    found: dict[Path, Related] = {}
    for related in _imported(document, index):
        if related.path == document.path or not related.definitions:
            continue
        known = found.get(related.path)
        if known is None and len(found) == FILES:
            break
        found[related.path] = related if known is None else _together(known, related)
    names = frozenset(one.name for related in found.values() for one in related.definitions)
    return Surround(tuple(found.values()), document.definitions, names, document.broken)


def _together(one: Related, other: Related) -> Related:
    """A file that was imported twice."""
    definitions = dict.fromkeys((*one.definitions, *other.definitions))
    return Related(one.path, tuple(definitions), one.named | other.named, one.beside and other.beside)


def _imported(document: Outlined, index: DefinitionIndex) -> Iterator[Related]:
    for wanted in document.imports:
        beside = wanted.module == SAME_FOLDER and document.language != "python"
        for target in targets(wanted, document.path, document.language, index.files.roots, _go_module(index)):
            yield from _reached(target, document.language, index, beside, _HOPS)


def _go_module(index: DefinitionIndex) -> Callable[[PurePath], tuple[PurePath, str] | None]:
    return lambda folder: index.files.go_module(Path(folder))


def _reached(
    target: Target, language: str, index: DefinitionIndex, beside: bool, hops: int
) -> Iterator[Related]:
    if target.folder is not None:
        for path in index.files.beside(Path(target.folder), language_by_id(language).extensions):
            module = index.look_up(path)
            if module is not None:
                yield Related(path, module.definitions, beside=beside)
        return
    module = next((found for path in target.paths if (found := index.look_up(Path(path)))), None)
    if module is None:
        return
    if not target.names:
        yield Related(module.path, module.definitions)
        return
    names = frozenset(target.names)
    taken = tuple(definition for definition in module.definitions if definition.name in names)
    yield Related(module.path, taken, names)
    missing = names - {definition.name for definition in taken}
    if missing and hops:
        yield from _handed_on(module, missing, index, hops - 1)


def _handed_on(
    module: Outlined, names: frozenset[str], index: DefinitionIndex, hops: int
) -> Iterator[Related]:
    """Names that a module has from elsewhere."""
    for wanted in module.imports:
        passed = tuple(name for name in wanted.names if name in names)
        if not passed:
            continue
        for target in targets(wanted, module.path, module.language, index.files.roots):
            if target.names:
                narrowed = Target(target.paths, passed)
                yield from _reached(narrowed, module.language, index, beside=False, hops=hops)
