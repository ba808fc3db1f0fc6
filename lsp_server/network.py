"""The server on TCP or WebSocket: loopback unless asked otherwise, and every client shows a token.

The token comes in `initializationOptions.token`, so any client can send it, and a web page that finds
the port can't.
"""

import asyncio
import contextlib
import ipaddress
import json
import os
import secrets
import sys
from collections.abc import Callable
from typing import Any, Literal

from lsp_server.engine_host import EngineHost, OpenEngine, open_fill_engine
from lsp_server.rpc.framing import MAX_MESSAGE_BYTES, Decoder, decode, encode
from lsp_server.server import converse, open_session
from runtime import UsageError

Kind = Literal["tcp", "ws"]
TOKEN_VARIABLE = "SPANFILL_TOKEN"
_READ_BYTES = 1 << 16


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
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(serve(host, port, announce, lambda: EngineHost(open_engine, model), token))
        except OSError as error:
            raise UsageError(f"{address} can't be listened on: {error.strerror or error}.") from error
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
    host: str, port: int, announce: Callable[[str], None], make_host: Callable[[], EngineHost], token: str
) -> None:
    engines = make_host()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = open_session(lambda message: writer.write(encode(message)), engines)
        session.token = token
        conversation = asyncio.ensure_future(converse(session))
        decoder = Decoder()
        try:
            while not conversation.done():
                reading = asyncio.ensure_future(reader.read(_READ_BYTES))
                await asyncio.wait({reading, conversation}, return_when=asyncio.FIRST_COMPLETED)
                data = await reading if reading.done() else b""
                reading.cancel()
                for message in decoder.feed(data):
                    session.connection.put(message)
                if not data:
                    break
        except OSError:
            pass  # the client is gone, which is said below
        finally:
            session.connection.hang_up()
            await conversation
            with contextlib.suppress(OSError):
                writer.close()
                await writer.wait_closed()

    server = await asyncio.start_server(client, host, port)
    announce(_shown(server.sockets[0].getsockname()))
    async with server:
        await server.serve_forever()


async def _websocket(
    host: str, port: int, announce: Callable[[str], None], make_host: Callable[[], EngineHost], token: str
) -> None:
    from websockets.asyncio.server import ServerConnection, serve
    from websockets.exceptions import ConnectionClosed

    engines = make_host()

    async def client(socket: ServerConnection) -> None:
        outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        session = open_session(outbox.put_nowait, engines)
        session.token = token

        async def sender() -> None:
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await socket.send(json.dumps(await outbox.get()))

        async def receiver() -> None:
            with contextlib.suppress(ConnectionClosed):
                async for data in socket:
                    session.connection.put(decode(data))
            session.connection.hang_up()

        sending, receiving = asyncio.ensure_future(sender()), asyncio.ensure_future(receiver())
        await converse(session)
        while not outbox.empty() and not sending.done():
            await asyncio.sleep(0)  # the last answers
        sending.cancel()
        receiving.cancel()
        await socket.close()

    async with serve(client, host, port, max_size=MAX_MESSAGE_BYTES) as server:
        announce(_shown(next(iter(server.sockets)).getsockname()))
        await server.serve_forever()


def _shown(name: Any) -> str:
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
