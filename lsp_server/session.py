"""One client's session: its documents, settings and conversation, beside the shared engine.

The state the features work on; it decides nothing itself.
"""

import asyncio
import dataclasses
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server import wire
from lsp_server.context import CHARS_PER_TOKEN, ContextLimits
from lsp_server.definition_choice import Chunks
from lsp_server.engine_host import EngineHost, Status
from lsp_server.messages import STATUS
from lsp_server.neighbours import Neighbours
from lsp_server.open_document import OpenDocument
from lsp_server.options import Options, read_options
from lsp_server.pacing import Pacing
from lsp_server.positions import Encoding
from lsp_server.privacy import Privacy
from lsp_server.reuse import SuggestionMemory
from lsp_server.statistics import Statistics
from lsp_server.surroundings import Surroundings
from lsp_server.trigger_kinds import TriggerNumbering
from lsp_server.workspace_files import WorkspaceFiles

if TYPE_CHECKING:
    from lsp_server.language_server import SpanfillServer
    from runtime import FillResult

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ahead:
    """A fill that computes what will be asked between two texts, once a suggestion is accepted."""

    uri: str
    before: str
    after: str
    done: asyncio.Event


class Session:
    """What one client has told us, and how to talk to it."""

    def __init__(self, host: EngineHost, server: "SpanfillServer") -> None:
        self.host = host
        self.server = server
        self.documents: dict[str, OpenDocument] = {}
        self.options = Options()
        self.encoding: Encoding = "utf-16"
        self.initialization_options: Any = None
        self.paused = False
        self.roots: tuple[Path, ...] = ()
        self._secret_globs: tuple[str, ...] = ()
        self.privacy = Privacy()
        self.surroundings = self._make_surroundings()
        self.memory = SuggestionMemory()
        self.neighbours = Neighbours()
        self.pacing = Pacing()
        self.statistics = Statistics()
        self.numbering = TriggerNumbering()
        self.turn = asyncio.Event()
        """Set when a newer automatic request takes the place of the one that waits."""
        self.filling: dict[asyncio.Future[FillResult], str] = {}
        """The invoked fills that run, and the documents they are for."""
        self._told: str | None = None
        """The failure or fallback that the client has been told of last, until a fill works without it."""
        self._told_settings: str | None = None
        self._chosen: tuple[str | None, str | None] | None = None
        """The model of the settings, and the one that `select_model` chose in its place."""
        self.ahead: Ahead | None = None
        """The speculative fill under way."""
        self.offered_again: tuple[str, str, str] | None = None
        """Where an invoked request was last answered with what was left of an earlier choice."""
        self._last_id = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def active(self) -> bool:
        """Whether suggestions are wanted at all."""
        return self.options.enabled and not self.paused

    def document(self, uri: str) -> OpenDocument:
        """An open document.

        Raises:
            JsonRpcInvalidParams: it is not open.
        """
        document = self.documents.get(uri)
        if document is None:
            raise JsonRpcInvalidParams("The document is not open.")
        return document

    def configure(self, raw: Any) -> None:
        """Take settings as the client sent them and tell it of what could not be used."""
        self.options, message = read_options(raw)
        if message is not None and message != self._told_settings:
            self.show(types.MessageType.Warning, message)
        self._told_settings = message
        if self._chosen is not None and self._chosen[0] == self.options.model.name:
            self._use_model(self._chosen[1])
        else:
            self._chosen = None
        self.host.configure(self.options.model)
        self.host.want(self, self.options.enabled)
        if self.options.enabled and self.options.model.load == "startup":
            self.host.preload()
        self.work_in(self.roots)

    def work_in(self, roots: tuple[Path, ...]) -> None:
        """Take the workspace's folders: paths, ignore files and imports count from them."""
        if (roots, self.options.files.secret_globs) != (self.roots, self._secret_globs):
            self.roots, self._secret_globs = roots, self.options.files.secret_globs
            self.privacy = Privacy(roots, self._secret_globs)
            self.surroundings.close()
            self.surroundings = self._make_surroundings()
        for document in self.documents.values():
            self.look_around(document)

    def _make_surroundings(self) -> Surroundings:
        return Surroundings(WorkspaceFiles(self.roots, self.privacy), self.host.right_of_way.pauses())

    @property
    def chat(self) -> bool:
        """Whether the loaded model takes instructions."""
        return "chat" in getattr(self.host.manifest, "layouts", ())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the conversation, as long as that lasts."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.warning("Background work failed: %s", type(task.exception()).__name__)
            logger.debug("Background work failed", exc_info=task.exception())

    def close(self) -> None:
        """Let go of the engine and of everything that runs for this client."""
        for task in list(self._tasks):
            task.cancel()
        if self.report in self.host.listeners:
            self.host.listeners.remove(self.report)
        self.host.leave(self)
        self.surroundings.close()

    def stop_fills(self, uri: str) -> None:
        """Stop the invoked fills for a document: its text is no longer what they began with."""
        for running, filled in list(self.filling.items()):
            if filled == uri:
                running.cancel()

    def select_model(self, name: str | None) -> None:
        """Use another model until the settings name a new one; the same again is tried anew if it failed."""
        settings_name = self.options.model.name if self._chosen is None else self._chosen[0]
        self._chosen = settings_name, name
        self._use_model(name)
        self.host.configure(self.options.model)
        self.host.retry()
        if self.options.enabled:
            self.host.preload()

    def _use_model(self, name: str | None) -> None:
        self.options = replace(self.options, model=replace(self.options.model, name=name))

    def next_id(self) -> str:
        """A new suggestion's id."""
        self._last_id += 1
        return f"s{self._last_id}"

    @property
    def context_limits(self) -> ContextLimits:
        """The windows the settings ask for."""
        context = self.options.context
        return ContextLimits(
            prefix_tokens=context.prefix_tokens,
            suffix_tokens=context.suffix_tokens,
            other_files_tokens=context.other_files_tokens,
        )

    def shown_path(self, path: str) -> str:
        """A file's name as the model sees it: from the workspace's root on, never the user's folders."""
        for root in self.roots:
            if path.startswith(root.as_posix() + "/"):
                return path[len(root.as_posix()) + 1 :]
        return path.rsplit("/", 1)[-1]

    def look_around(self, document: OpenDocument, *, again: bool = False) -> None:
        """Begin to look up what a document can name, where that is wanted."""
        if self.options.context.definitions_tokens:
            self.surroundings.look_up(document, Path(path_of(document.uri)), again=again)

    async def looked_around(self, document: OpenDocument) -> None:
        """Wait for what is being looked up, where and as long as the settings say so."""
        if self.options.context.look_up_ms:
            self.look_around(document)
            await self.surroundings.settle(document, self.options.context.look_up_ms)

    def other_files(self, document: OpenDocument, text: str, offset: int) -> Chunks:
        """(path, text) chunks of other files for a fill at `offset` of `text`, which `document` holds or
        may hold soon. What changes least comes first: definitions, then what was edited lately."""
        context = self.options.context
        chunks: Chunks = ()
        if context.definitions_tokens:
            chunks = self.surroundings.chunks(
                document,
                text,
                offset,
                limit=context.definitions_tokens * CHARS_PER_TOKEN,
                limits=self.context_limits,
                name_of=lambda path: self.shown_path(path.as_posix()),
                own=self.shown_path(path_of(document.uri)),
            )
        limit = context.other_files_tokens * CHARS_PER_TOKEN
        return chunks + self.neighbours.chunks(document.uri, limit) if limit else chunks

    def capability(self, path: str) -> Any:
        """A client capability by its dotted path in lsprotocol's names; None where the client has none."""
        return get_capability(self.server.client_capabilities, path)

    def show(self, kind: types.MessageType, message: str) -> None:
        """`window/showMessage`."""
        self.server.window_show_message(types.ShowMessageParams(type=kind, message=message))

    def notify(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification of our own."""
        self.server.protocol.notify(method, params)

    def report(self, status: Status) -> None:
        """Pass the engine's status on; what went wrong is shown once, until a fill works without it."""
        self.notify(STATUS, status_json(status) | {"paused": not self.active})
        if status.detail is None:
            if status.last_ms is not None:
                self._told = None
        elif status.detail != self._told and status.state in ("ready", "error"):
            self._told = status.detail
            failed = status.state == "error"
            kind = types.MessageType.Error if failed else types.MessageType.Warning
            self.show(kind, f"spanfill: {status.detail}")


def status_json(status: Status) -> dict[str, Any]:
    """The engine's status as `spanfill/status` has it."""
    return {wire.camel(field.name): getattr(status, field.name) for field in dataclasses.fields(status)}


def path_of(uri: str) -> str:
    """The file path of a `file:` URI; of any other URI its path part."""
    path = unquote(urlsplit(uri).path)
    # file:///C:/folder: the slash before the drive is the URI's.
    return path[1:] if path[2:3] == ":" and path[1:2].isalpha() else path
