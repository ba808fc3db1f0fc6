"""A client that sends bytes as they are told, and reads what comes back."""

import asyncio
import sys
from typing import Any

from editor import PATIENCE_S, SCRIPTED, URI

from lsp_server.rpc.framing import Decoder, encode


class Raw:
    """One server process and the messages it has sent."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self._decoder = Decoder()
        self._messages: list[Any] = []

    @classmethod
    async def start(cls) -> "Raw":
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, SCRIPTED, stdin=pipe, stdout=pipe, stderr=pipe
            )
        )

    def send(self, message: dict[str, Any] | bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(
            message if isinstance(message, bytes) else encode({"jsonrpc": "2.0", **message})
        )

    async def next(self) -> Any:
        """The next message that is no notification."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                while self._messages:
                    message = self._messages.pop(0)
                    if "method" not in message:
                        return message
                assert self.process.stdout is not None
                data = await self.process.stdout.read(65536)
                assert data, "the server has ended"
                self._messages += self._decoder.feed(data)

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
        async with asyncio.timeout(PATIENCE_S):
            await self.process.communicate()
            assert self.process.returncode is not None
            return self.process.returncode
