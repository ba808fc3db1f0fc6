"""Outlines and imports of the workspace's files, kept until a file changes.

For a background thread: it reads and parses, and pauses as it is told. Knows files; does not know
documents or prompts.
"""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from lsp_server.imports import Import, imports
from lsp_server.languages import language_by_id, language_of_path
from lsp_server.outline import Definition, OutlineMemo, outline
from lsp_server.right_of_way import Pause, no_pause
from lsp_server.syntax import Syntax, parse_in_pieces
from lsp_server.workspace_files import Stamp, WorkspaceFiles

FILES_KEPT = 400
DEFINITIONS_KEPT = 200
"""Most definitions of one file."""


@dataclass(frozen=True, slots=True)
class Outlined:
    """What is known of one file."""

    path: Path
    language: str
    definitions: tuple[Definition, ...] = ()
    imports: tuple[Import, ...] = ()
    broken: bool = False
    """Whether the parser could not make sense of all of it."""


def outlined(
    path: Path,
    syntax: Syntax | None,
    language: str = "",
    memo: OutlineMemo | None = None,
    pause: Pause = no_pause,
) -> Outlined:
    """Take down what a parsed text defines and imports; `memo` is the one of its last outline."""
    if syntax is None:
        return Outlined(path, language)
    definitions = outline(syntax, memo, pause)[:DEFINITIONS_KEPT]
    return Outlined(path, syntax.language.id, definitions, imports(syntax), syntax.root.has_error)


class DefinitionIndex:
    """The files looked at last."""

    def __init__(self, files: WorkspaceFiles, pause: Pause = no_pause) -> None:
        self.files = files
        self.pause = pause
        self._kept: OrderedDict[Path, tuple[Stamp, Outlined]] = OrderedDict()

    def look_up(self, path: Path) -> Outlined | None:
        """A file's outline as the file is now; None where there is no such file, or it may not be read."""
        self.pause()
        stamp = self.files.stamp(path)
        if stamp is None:
            self._kept.pop(path, None)
            return None
        known = self._kept.get(path)
        if known is None or known[0] != stamp:
            language = language_of_path(str(path))
            syntax = parse_in_pieces(self.files.read(path), language_by_id(language), self.pause)
            known = stamp, outlined(path, syntax, language, pause=self.pause)
            self._kept[path] = known
            while len(self._kept) > FILES_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(path)
        return known[1]
