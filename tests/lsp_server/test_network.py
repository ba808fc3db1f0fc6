"""TCP and WebSocket: loopback, token, several clients."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from editor import PATIENCE_S, SCRIPTED
from raw import encode, read_message
from websockets.asyncio.client import connect

from lsp_server.network import is_loopback, parse_address, serve_network
from runtime import UsageError

INITIALIZE = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}


@asynccontextmanager
async def serving(kind: str, token: str | None) -> AsyncIterator[tuple[int, str]]:
    environment = {key: value for key, value in os.environ.items() if key != "SPANFILL_TOKEN"}
    if token is not None:
        environment["SPANFILL_TOKEN"] = token
    process = await asyncio.create_subprocess_exec(
        sys.executable, SCRIPTED, kind, "127.0.0.1:0", stderr=asyncio.subprocess.PIPE, env=environment
    )
    assert process.stderr is not None
    try:
        line = (await process.stderr.readline()).decode()
        match = re.search(r"127\.0\.0\.1:(\d+), token (\S+)", line)
        assert match, line
        assert (token is None) == (match.group(2) != "from")
        yield int(match.group(1)), token or match.group(2)
    finally:
        process.kill()
        await process.communicate()


def hello(token: str | None) -> dict[str, Any]:
    options = {} if token is None else {"token": token}
    return {**INITIALIZE, "params": {"capabilities": {}, "initializationOptions": options}}


async def over_tcp(port: int, message: dict[str, Any]) -> tuple[Any, bytes | None]:
    """The answer, and what follows it: b"" where the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(PATIENCE_S):
        writer.write(encode(message))
        found = await read_message(reader)
        rest = await reader.read() if "error" in found else None
    writer.close()
    await writer.wait_closed()
    return found, rest


@pytest.mark.parametrize("token", ["chosen", None])
async def test_tcp_needs_the_token(token: str | None) -> None:
    async with serving("tcp", token) as (port, right):
        for wrong in (None, "guess"):
            answer, rest = await over_tcp(port, hello(wrong))
            assert "token" in answer["error"]["message"]
            assert rest == b""
        for _ in range(2):  # one client after the other
            answer, _ = await over_tcp(port, hello(right))
            assert answer["result"]["serverInfo"]["name"] == "spanfill"


async def test_websocket_needs_the_token() -> None:
    async with serving("ws", "chosen") as (port, right), asyncio.timeout(PATIENCE_S):
        async with connect(f"ws://127.0.0.1:{port}", proxy=None) as socket:
            await socket.send(json.dumps(hello("guess")))
            assert "token" in json.loads(await socket.recv())["error"]["message"]
        async with connect(f"ws://127.0.0.1:{port}", proxy=None) as socket:
            await socket.send("{bad")
            assert json.loads(await socket.recv())["error"]["code"] == -32700
            await socket.send(json.dumps(hello(right)))
            assert "result" in json.loads(await socket.recv())


@pytest.mark.parametrize("address", ["0.0.0.0:1", "192.168.1.4:80", "example.org:80", "[::]:80"])
def test_other_machines_are_refused_unless_asked_for(address: str) -> None:
    with pytest.raises(UsageError, match="allow-remote"):
        serve_network("tcp", address)


@pytest.mark.parametrize(
    "address", ["", "80", "localhost", "localhost:", ":80", "localhost:http", "localhost:70000"]
)
def test_malformed_addresses(address: str) -> None:
    with pytest.raises(UsageError, match="HOST:PORT"):
        parse_address(address)


def test_loopback() -> None:
    assert parse_address("[::1]:5") == ("::1", 5)
    assert is_loopback("127.8.8.8")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("localhost.example.org")


async def test_a_token_is_text_and_nothing_else_will_do() -> None:
    async with serving("tcp", "None") as (port, _):
        for shown in (None, 0, True, [], {}, "", "none", "\ud800"):
            message = {
                **INITIALIZE,
                "params": {"capabilities": {}, "initializationOptions": {"token": shown}},
            }
            answer, rest = await over_tcp(port, message)
            assert answer["error"]["code"] == -32600, shown
            assert rest == b""


async def test_before_the_token_nothing_else_is_answered() -> None:
    async with serving("tcp", "chosen") as (port, _), asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for method in ("textDocument/inlineCompletion", "spanfill/fill", "shutdown"):
            writer.write(encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}}))
            assert (await read_message(reader))["error"]["code"] == -32002
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("kind", ["tcp", "ws"])
async def test_an_interrupt_ends_the_server_while_a_model_loads(kind: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        SCRIPTED,
        kind,
        "127.0.0.1:0",
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "SPANFILL_TOKEN": "chosen"},
    )
    assert process.stderr is not None
    line = (await process.stderr.readline()).decode()
    port = int(line.split("127.0.0.1:")[1].split(",")[0])
    greeting = {
        "capabilities": {},
        "initializationOptions": {"token": "chosen", "model": {"name": "endless"}},
    }
    messages = [
        {**INITIALIZE, "params": greeting},
        {"jsonrpc": "2.0", "method": "initialized", "params": {}},
    ]
    async with asyncio.timeout(PATIENCE_S):
        if kind == "tcp":
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for message in messages:
                writer.write(encode(message))
            while (await read_message(reader)).get("params", {}).get("state") != "loading":
                pass
            process.send_signal(signal.SIGINT)
            await process.wait()
            writer.close()
        else:
            async with connect(f"ws://127.0.0.1:{port}", proxy=None) as socket:
                for message in messages:
                    await socket.send(json.dumps(message))
                while json.loads(await socket.recv()).get("params", {}).get("state") != "loading":
                    pass
                process.send_signal(signal.SIGINT)
                await process.wait()
    assert process.returncode == 0
