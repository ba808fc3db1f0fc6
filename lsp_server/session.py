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
from lsp_server.context import CHARS_PER_TOKEN
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
from lsp_server.trigger_kinds import TriggerNumbering

if TYPE_CHECKING:
    from lsp_server.language_server import SpanfillServer

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
        self.privacy = Privacy()
        self.memory = SuggestionMemory()
        self.neighbours = Neighbours()
        self.pacing = Pacing()
        self.statistics = Statistics()
        self.numbering = TriggerNumbering()
        self.turn = asyncio.Event()
        """Set when a newer automatic request takes the place of the one that waits."""
        self._told: str | None = None
        """The failure or fallback that the client has been told of last, until a fill works without it."""
        self._told_settings: str | None = None
        self._chosen: tuple[str | None, str | None] | None = None
        """The model of the settings, and the one that `select_model` chose in its place."""
        self.ahead: Ahead | None = None
        """The speculative fill under way."""
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
        self.privacy = Privacy(self.roots, self.options.files.secret_globs)

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

    def other_files(self, document: OpenDocument) -> tuple[tuple[str, str], ...]:
        """(path, text) chunks of other files for a fill in `document`."""
        limit = self.options.context.other_files_tokens * CHARS_PER_TOKEN
        return self.neighbours.chunks(document.uri, limit) if limit else ()

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
