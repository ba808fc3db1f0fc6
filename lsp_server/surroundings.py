"""What a session knows of the files around its documents: looked up in the background, asked at once.

A look-up begins when a document is opened or edited and when a request has been answered; a request takes
what is there. Knows documents and the workspace; does not know models.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from lsp_server.context import ContextLimits, window
from lsp_server.definition_catalogue import Catalogue, catalogue
from lsp_server.definition_choice import Choice, Chunks, choose, names_near
from lsp_server.definition_index import DefinitionIndex, outlined
from lsp_server.languages import language_by_id
from lsp_server.open_document import OpenDocument
from lsp_server.outline import OutlineMemo
from lsp_server.related import surround
from lsp_server.right_of_way import Pause, no_pause
from lsp_server.syntax import Syntax, parse_in_pieces
from lsp_server.workspace_files import WorkspaceFiles

logger = logging.getLogger(__name__)

EDITED_S, UNEDITED_S = 0.5, 5.0
"""How long a look-up is good for, where the document has changed since, and where it has not."""


@dataclass(slots=True)
class _Known:
    """What was found for one document."""

    catalogue: Catalogue = field(default_factory=Catalogue)
    version: int | None = None
    looked_up_s: float = float("-inf")
    running: "asyncio.Future[_Found] | None" = None
    later: asyncio.TimerHandle | None = None
    """The look-up that an edit has asked for too soon after the last one."""
    memo: OutlineMemo = field(default_factory=OutlineMemo)
    choice: Choice | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look-up came to."""

    catalogue: Catalogue | None
    """None where what was known stays."""
    syntax: Syntax | None


class Surroundings:
    """The look-ups of one session. All methods are called on the event loop."""

    def __init__(self, files: WorkspaceFiles, pause: Pause = no_pause) -> None:
        """`pause` is called between small pieces of background work."""
        self._pause = pause
        self._index = DefinitionIndex(files, pause)
        self._known: dict[str, _Known] = {}
        self._closed = False
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look-up")

    def look_up(self, document: OpenDocument, path: Path, *, again: bool = False) -> None:
        """Begin to look up what a document can name, unless what is known is fresh; with `again`, anyway.

        For an edited document whose last look-up is only just over, it begins a little later.
        """
        known = self._known.setdefault(document.uri, _Known())
        if self._closed or known.running is not None or (known.later is not None and not again):
            return
        edited = known.version != document.version
        due_s = known.looked_up_s + (EDITED_S if edited else UNEDITED_S) - time.monotonic()
        if again or due_s <= 0:
            self._begin(known, document, path)
        elif edited:
            loop = asyncio.get_running_loop()
            known.later = loop.call_later(due_s, self._begin, known, document, path)

    def _begin(self, known: _Known, document: OpenDocument, path: Path) -> None:
        _cancel(known)
        language, text, version = document.language, document.text, document.version
        old, fresh = document.tree_so_far()
        before, memo, pause = known.catalogue, known.memo, self._pause

        def work() -> _Found:
            if self._index.files.secret(path):
                return _Found(Catalogue(), None)
            syntax = old if fresh else parse_in_pieces(text, language_by_id(language), pause, old)
            found = surround(outlined(path, syntax, language, memo, pause), self._index)
            if not found.follows(before.surround):
                return _Found(None, syntax)
            return _Found(catalogue(found, text, pause), syntax)

        running = asyncio.ensure_future(asyncio.wrap_future(self._worker.submit(work)))
        known.running = running
        running.add_done_callback(lambda done: self._ended(known, document, version, path, done))

    def _ended(
        self,
        known: _Known,
        document: OpenDocument,
        version: int,
        path: Path,
        done: "asyncio.Future[_Found]",
    ) -> None:
        known.running = None
        known.version, known.looked_up_s = version, time.monotonic()
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            logger.warning("Looking up what a file imports failed: %s", type(error).__name__)
            logger.debug("Looking up what a file imports failed", exc_info=error)
            return
        found = done.result()
        known.catalogue = found.catalogue or known.catalogue
        if self._known.get(document.uri) is not known:
            return
        if found.syntax is not None:
            document.adopt(found.syntax)
        if document.version != version:
            self.look_up(document, path)

    async def settle(self, document: OpenDocument, budget_ms: float) -> None:
        """Wait for a look-up under way, `budget_ms` at most."""
        known = self._known.get(document.uri)
        if known is not None and known.running is not None and budget_ms > 0:
            await asyncio.wait([known.running], timeout=budget_ms / 1000)

    def chunks(
        self,
        document: OpenDocument,
        text: str,
        offset: int,
        *,
        limit: int,
        limits: ContextLimits,
        name_of: Callable[[Path], str],
        own: str,
    ) -> Chunks:
        """(path, definitions) for a fill at `offset` of `text`, `limit` characters in all at most."""
        known = self._known.get(document.uri)
        if known is None:
            return ()
        first, last = window(text, offset, offset, limits)
        known.choice = choose(
            known.catalogue,
            names_near(text, offset, first, last),
            text[first:last],
            limit,
            name_of,
            own,
            known.choice,
        )
        return known.choice.chunks

    def forget(self, uri: str) -> None:
        """A document was closed."""
        known = self._known.pop(uri, None)
        if known is not None:
            _cancel(known)

    def close(self) -> None:
        """Stop looking."""
        self._closed = True
        for known in self._known.values():
            _cancel(known)
        self._worker.shutdown(wait=False, cancel_futures=True)


def _cancel(known: _Known) -> None:
    """Call off the look-up that waits for its time."""
    if known.later is not None:
        known.later.cancel()
        known.later = None
