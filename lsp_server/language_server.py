"""One client's language server: pygls' server, our session, and the loop that feeds one to the other."""

import logging
import threading
from functools import lru_cache
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcParseError
from pygls.io_ import run_async, run_websocket
from pygls.lsp.server import LanguageServer

from lsp_server.conversion import protocol_converter
from lsp_server.engine_host import EngineHost
from lsp_server.framing import FrameReader
from lsp_server.protocol import SpanfillProtocol, log_failure
from lsp_server.session import Session

_io_logger = logging.getLogger("pygls.io_")


class SpanfillServer(LanguageServer):
    """A server for one client; the engine may be shared."""

    protocol: SpanfillProtocol

    def __init__(self, host: EngineHost, token: str | None = None) -> None:
        """`token` is what the client has to show in its initialization options; None where it need not."""
        super().__init__(
            "spanfill",
            program_version(),
            types.TextDocumentSyncKind.Incremental,
            protocol_cls=SpanfillProtocol,
            converter_factory=protocol_converter,
        )
        self.token = token
        self.session = Session(host, self)
        self._ending = threading.Event()

    @property
    def exit_status(self) -> int:
        """How the conversation ended: 0 after `shutdown`."""
        return 0 if self.protocol.shut_down else 1

    async def converse(self, reader: FrameReader) -> None:
        """Handle a byte stream's messages to the end."""
        try:
            await run_async(self._ending, reader, self.protocol, _io_logger, self.report_server_error)
        finally:
            self._ended()

    async def converse_websocket(self, socket: Any) -> None:
        """Handle a WebSocket's messages to the end."""
        try:
            await run_websocket(socket, self._ending, self.protocol, _io_logger, self.report_server_error)
        finally:
            self._ended()

    def hang_up(self) -> None:
        """End the conversation after the message at hand."""
        self._ending.set()

    def _ended(self) -> None:
        self.protocol.drop()
        self.session.close()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Answer what is no JSON; log the rest. Users are told of what concerns them elsewhere."""
        if source is JsonRpcException and isinstance(error, (ValueError, RecursionError)):
            self.protocol.answer_error(None, JsonRpcParseError(f"Malformed message: {type(error).__name__}."))
        else:
            log_failure("A message", error)


@lru_cache(maxsize=1)
def program_version() -> str:
    """The program's version."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("spanfill")
    except PackageNotFoundError:
        return "0"
