"""The server on standard input and output.

Standard output is the protocol's alone: whatever a library prints goes to standard error.
"""

import asyncio
import os
import sys
import threading
from typing import Any, BinaryIO

from lsp_server.engine_host import EngineHost, OpenEngine, open_fill_engine
from lsp_server.rpc.framing import Decoder, encode
from lsp_server.server import converse, open_session
from lsp_server.session import Session

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
    """Standard output for us alone, unbuffered; file descriptor 1 becomes standard error."""
    sys.stdout.flush()
    private = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return private


async def _serve(output: BinaryIO, model: str | None, open_engine: OpenEngine) -> tuple[int, bool]:
    host = EngineHost(open_engine, model)
    session: Session

    def send(message: dict[str, Any]) -> None:
        data = encode(message)
        try:
            while data:  # an unbuffered pipe may take a part only
                data = data[output.write(data) :]
        except OSError:
            session.connection.close(1)

    session = open_session(send, host)
    loop = asyncio.get_running_loop()
    threading.Thread(target=_read, args=(loop, session), name="stdin", daemon=True).start()
    status = await converse(session)
    return status, host.close()


def _read(loop: asyncio.AbstractEventLoop, session: Session) -> None:
    """Hand the client's bytes to the event loop; runs on a thread of its own, since it blocks."""
    decoder = Decoder()

    def take(data: bytes) -> None:
        for message in decoder.feed(data):
            session.connection.put(message)

    while True:
        try:
            data = os.read(0, _READ_BYTES)
        except OSError:
            data = b""
        try:
            if not data:
                loop.call_soon_threadsafe(session.connection.hang_up)
                return
            loop.call_soon_threadsafe(take, data)
        except RuntimeError:
            return  # the loop has ended
