"""A client that sends bytes as they are told, and reads what comes back."""

import asyncio
import json
import sys
from typing import Any

from editor import PATIENCE_S, SCRIPTED, URI


def encode(message: Any) -> bytes:
    """A message with its header."""
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def read_message(stream: asyncio.StreamReader) -> Any:
    """The next message of a well-formed stream; None at its end."""
    header = await stream.readuntil(b"\r\n\r\n") if not stream.at_eof() else b""
    if not header:
        return None
    length = next(line for line in header.splitlines() if line.startswith(b"Content-Length: "))
    return json.loads(await stream.readexactly(int(length.split()[1])))


class Raw:
    """One server process and the messages it has sent."""

    URI = URI
    patience_s = PATIENCE_S

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.notifications: list[Any] = []
        self.process = process

    @classmethod
    async def start(cls, *command: str, **options: Any) -> "Raw":
        """The command, by default the scripted server; `options` are the process's, as `cwd` and `env`."""
        pipe = asyncio.subprocess.PIPE
        arguments = command or (SCRIPTED,)
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=pipe, stdout=pipe, stderr=pipe, **options
        )
        return cls(process)

    def send(self, message: dict[str, Any] | bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(
            message if isinstance(message, bytes) else encode({"jsonrpc": "2.0", **message})
        )

    async def next(self) -> Any:
        """The next message that is no notification."""
        async with asyncio.timeout(self.patience_s):
            while True:
                message = await self._read()
                if "method" not in message:
                    return message
                self.notifications.append(message)

    async def until(self, method: str) -> Any:
        """Parameters of the next notification of a kind."""
        async with asyncio.timeout(self.patience_s):
            while True:
                for message in self.notifications:
                    if message["method"] == method:
                        self.notifications.remove(message)
                        return message["params"]
                message = await self._read()
                assert "method" in message, message
                self.notifications.append(message)

    async def _read(self) -> Any:
        assert self.process.stdout is not None
        return await read_message(self.process.stdout)

    async def ask(self, method: str, params: Any = None, identifier: Any = 1) -> Any:
        self.send({"id": identifier, "method": method, "params": params})
        return await self.next()

    async def initialize(self, options: Any = None) -> Any:
        answer = await self.ask("initialize", {"capabilities": {}, "initializationOptions": options})
        self.send({"method": "initialized", "params": {}})
        return answer

    def open(self, text: str, uri: str = URI) -> None:
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.send({"method": "textDocument/didOpen", "params": {"textDocument": item}})

    async def complete(self, line: int, character: int, kind: int = 1) -> Any:
        params = {"textDocument": {"uri": URI}, "position": {"line": line, "character": character}}
        return await self.ask("textDocument/inlineCompletion", {**params, "context": {"triggerKind": kind}})

    async def ended(self) -> int:
        async with asyncio.timeout(self.patience_s):
            await self.process.communicate()
            assert self.process.returncode is not None
            return self.process.returncode
