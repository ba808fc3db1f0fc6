"""What a session knows of the files around its documents: looked up in the background, asked at once.

A request takes what is there; it waits a few milliseconds for a look-up under way and no longer. Knows
documents and the workspace; does not know models.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from lsp_server.context import ContextLimits, window
from lsp_server.definition_choice import Choice, Chunks, choose, names_near
from lsp_server.definition_index import DefinitionIndex, outlined
from lsp_server.languages import language_by_id
from lsp_server.open_document import OpenDocument
from lsp_server.related import Surround, surround
from lsp_server.syntax import parse_in_pieces
from lsp_server.workspace_files import WorkspaceFiles

logger = logging.getLogger(__name__)

EDITED_S, UNEDITED_S = 1.0, 5.0
"""How long a look-up is good for, where the document has changed since, and where it has not."""


@dataclass(slots=True)
class _Known:
    """What was found for one document."""

    surround: Surround = field(default_factory=Surround)
    version: int | None = None
    looked_up_s: float = float("-inf")
    running: "asyncio.Future[Surround] | None" = None
    choice: Choice | None = None


class Surroundings:
    """The look-ups of one session. All methods are called on the event loop."""

    def __init__(self, files: WorkspaceFiles) -> None:
        self._index = DefinitionIndex(files)
        self._known: dict[str, _Known] = {}
        self._closed = False
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look-up")

    def look_up(self, document: OpenDocument, path: Path, *, again: bool = False) -> None:
        """Begin to look up what a document can name, unless what is known is fresh; with `again`, anyway."""
        known = self._known.setdefault(document.uri, _Known())
        if known.running is not None or self._closed:
            return
        age_s = time.monotonic() - known.looked_up_s
        if not again and age_s < (UNEDITED_S if known.version == document.version else EDITED_S):
            return
        language, text = document.language, document.text
        version, fresh = document.version, document.parsed()
        tree = fresh.copied() if fresh is not None else None

        def work() -> Surround:
            syntax = tree or parse_in_pieces(text, language_by_id(language))
            return surround(outlined(path, syntax, language), self._index)

        running = asyncio.ensure_future(asyncio.wrap_future(self._worker.submit(work)))
        known.running = running
        running.add_done_callback(lambda done: self._found(known, version, done))

    def _found(self, known: _Known, version: int, done: "asyncio.Future[Surround]") -> None:
        known.running = None
        known.version, known.looked_up_s = version, time.monotonic()
        if done.cancelled():
            return
        error = done.exception()
        if error is not None:
            logger.warning("Looking up what a file imports failed: %s", type(error).__name__)
            logger.debug("Looking up what a file imports failed", exc_info=error)
        elif done.result().follows(known.surround):
            known.surround = done.result()

    async def settle(self, document: OpenDocument, budget_ms: float) -> None:
        """Wait for a look-up under way, `budget_ms` at most."""
        known = self._known.get(document.uri)
        if known is not None and known.running is not None:
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
            known.surround,
            names_near(text, offset, first, last),
            text,
            text[first:last],
            limit,
            name_of,
            own,
            known.choice,
        )
        return known.choice.chunks

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._known.pop(uri, None)

    def close(self) -> None:
        """Stop looking."""
        self._closed = True
        self._worker.shutdown(wait=False, cancel_futures=True)
