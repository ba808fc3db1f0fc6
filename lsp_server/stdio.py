"""The server on standard input and output.

Standard output is the protocol's alone: whatever a library prints goes to standard error.
"""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from pygls.io_ import StdoutWriter

from lsp_server.engine_host import EngineHost
from lsp_server.engine_loading import OpenEngine, open_fill_engine
from lsp_server.framing import FrameReader
from lsp_server.server import make_server

_READ_BYTES = 1 << 16


def serve_stdio(model: str | None = None, open_engine: OpenEngine = open_fill_engine) -> int:
    """Serve one client until it goes; answers the exit status."""
    output = _private_stdout()
    status, ended = asyncio.run(_serve(output, model, open_engine))
    if not ended:
        # A model is still loading on its thread; nobody waits for it any more.
        sys.stderr.flush()
        os._exit(status)
    return status


def _private_stdout() -> BinaryIO:
    """Standard output for us alone; file descriptor 1 becomes standard error."""
    sys.stdout.flush()
    private = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return private


class _Output(StdoutWriter):
    """pygls' writer, for a client that may be gone."""

    def __init__(self, stdout: BinaryIO, gone: Callable[[], Any]) -> None:
        super().__init__(stdout)
        self._gone = gone

    def write(self, data: bytes) -> None:
        try:
            super().write(data)
        except OSError:
            self._gone()


async def _serve(output: BinaryIO, model: str | None, open_engine: OpenEngine) -> tuple[int, bool]:
    host = EngineHost(open_engine, model)
    server = make_server(host)
    stream = asyncio.StreamReader()
    conversation = asyncio.ensure_future(server.converse(FrameReader(stream)))
    server.protocol.set_writer(_Output(output, conversation.cancel))
    # A daemon, unlike the workers of a pool: a read that never returns must not hold the end up.
    loop = asyncio.get_running_loop()
    threading.Thread(target=_read, args=(loop, stream), name="stdin", daemon=True).start()
    with contextlib.suppress(asyncio.CancelledError):
        await conversation
    return server.exit_status, host.close()


def _read(loop: asyncio.AbstractEventLoop, stream: asyncio.StreamReader) -> None:
    """Hand the client's bytes to the event loop; runs on a thread of its own, since it blocks."""
    while True:
        try:
            data = os.read(0, _READ_BYTES)
        except OSError:
            data = b""
        try:
            if not data:
                loop.call_soon_threadsafe(stream.feed_eof)
                return
            loop.call_soon_threadsafe(stream.feed_data, data)
        except RuntimeError:
            return  # the loop has ended
