"""The server on TCP or WebSocket: loopback unless asked otherwise, and every client shows a token.

The token comes in `initializationOptions.token`, so any client can send it, and a web page that finds
the port can't.
"""

import asyncio
import contextlib
import ipaddress
import os
import secrets
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from lsp_server.engine_host import EngineHost
from lsp_server.engine_loading import OpenEngine, open_fill_engine
from lsp_server.framing import MAX_MESSAGE_BYTES, FrameReader
from lsp_server.server import make_server
from runtime import UsageError

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

Kind = Literal["tcp", "ws"]
TOKEN_VARIABLE = "SPANFILL_TOKEN"


def serve_network(
    kind: Kind,
    address: str,
    *,
    model: str | None = None,
    allow_remote: bool = False,
    open_engine: OpenEngine = open_fill_engine,
) -> int:
    """Serve clients until interrupted; answers the exit status.

    Raises:
        UsageError: the address is malformed, in use, or not of this machine's loopback.
    """
    host, port = parse_address(address)
    if not allow_remote and not is_loopback(host):
        raise UsageError(f"{host} is not a loopback address; --allow-remote permits it.")
    token = os.environ.get(TOKEN_VARIABLE)
    made_up = not token
    token = token or secrets.token_urlsafe(24)

    def announce(at: str) -> None:
        shown = f", token {token}" if made_up else f", token from {TOKEN_VARIABLE}"
        print(f"spanfill: listening on {kind} {at}{shown}", file=sys.stderr, flush=True)

    serve = _tcp if kind == "tcp" else _websocket

    ended = True

    async def run() -> None:
        nonlocal ended
        engines = EngineHost(open_engine, model)
        try:
            await serve(host, port, announce, engines, token)
        finally:
            ended = engines.close()

    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(run())
        except OSError as error:
            raise UsageError(f"{address} can't be listened on: {error.strerror or error}.") from error
    if not ended:
        # A model is still loading on its thread; nobody waits for it any more.
        sys.stderr.flush()
        os._exit(0)
    return 0


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` or `[IPv6]:PORT`.

    Raises:
        UsageError: it is neither.
    """
    host, separator, port = address.rpartition(":")
    if not separator or not host or not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"{address!r} is not HOST:PORT.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether an address reaches this machine alone. Other names than `localhost` are not looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _tcp(
    host: str, port: int, announce: Callable[[str], None], engines: EngineHost, token: str
) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = make_server(engines, token)
        server.protocol.set_writer(writer)
        with contextlib.suppress(OSError):  # a client that is gone
            await server.converse(FrameReader(reader))
        with contextlib.suppress(OSError):
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(client, host, port)
    announce(_shown(server.sockets[0].getsockname()))
    async with server:
        await server.serve_forever()


async def _websocket(
    host: str, port: int, announce: Callable[[str], None], engines: EngineHost, token: str
) -> None:
    from websockets.asyncio.server import ServerConnection, serve

    async def client(socket: ServerConnection) -> None:
        await make_server(engines, token).converse_websocket(_TextSocket(socket))

    async with serve(client, host, port, max_size=MAX_MESSAGE_BYTES) as server:
        announce(_shown(next(iter(server.sockets)).getsockname()))
        await server.serve_forever()


class _TextSocket:
    """A WebSocket for pygls: it sends text as editors expect it, in order and to the last message."""

    def __init__(self, socket: "ServerConnection") -> None:
        self._socket = socket
        self._sending: set[asyncio.Future[None]] = set()

    async def recv(self, decode: bool | None = None) -> str | bytes:
        """The next message, once what the last one started has begun."""
        await asyncio.sleep(0)
        return await self._socket.recv(decode)

    def send(self, data: bytes) -> "asyncio.Future[None]":
        """Send a message; a client that is gone gets none."""
        sending = asyncio.ensure_future(self._send(data))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        return sending

    async def _send(self, data: bytes) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(data, text=True)

    async def close(self) -> None:
        """Close the connection after the last answers."""
        await asyncio.gather(*self._sending)
        await self._socket.close()


def _shown(name: Any) -> str:
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
