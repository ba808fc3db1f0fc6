"""A client for tests: pytest-lsp's, with the messages it gets kept and awaited by what they say."""

import asyncio
import os
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types
from pytest_lsp import LanguageClient, make_test_lsp_client

SERVE = ("-m", "lsp_server.cli.main", "serve", "--stdio")
SCRIPTED = str(Path(__file__).with_name("scripted_server.py"))
URI = "file:///workspace/module.py"
PATIENCE_S = 20.0


class Editor:
    """One client with one or more open texts."""

    patience_s = PATIENCE_S

    def __init__(self, client: LanguageClient) -> None:
        self.client = client
        self.seen: list[tuple[str, Any]] = []
        self._news = asyncio.Condition()
        self._versions: dict[str, int] = {}
        for method in ("spanfill/status", "spanfill/frame"):
            client.feature(method)(self._recorder(method))

    def _recorder(self, method: str) -> Callable[[Any], Any]:
        async def record(params: Any) -> None:
            async with self._news:
                self.seen.append((method, params))
                self._news.notify_all()

        return record

    async def initialize(self, options: Any = None, **capabilities: Any) -> types.InitializeResult:
        self.result = await self.client.initialize_session(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(**capabilities),
                root_uri="file:///workspace",
                initialization_options=options,
            )
        )
        return self.result

    @property
    def pid(self) -> int:
        """Of the server's process."""
        assert self.client._server is not None
        return self.client._server.pid

    async def until(self, method: str, test: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first message of a kind, seen already or still to come, that passes a test."""

        def found() -> Any:
            return next((params for name, params in self.seen if name == method and test(params)), None)

        async with asyncio.timeout(self.patience_s), self._news:
            await self._news.wait_for(lambda: found() is not None)
            return found()

    async def ready(self) -> None:
        await self.until("spanfill/status", lambda status: status.state == "ready")

    def open(self, text: str, uri: str = URI, language: str = "python") -> None:
        self._versions[uri] = 1
        item = types.TextDocumentItem(uri=uri, language_id=language, version=1, text=text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    def close(self, uri: str = URI) -> None:
        document = types.TextDocumentIdentifier(uri=uri)
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(text_document=document))

    def edit(self, line: int, character: int, text: str, uri: str = URI, deleted: int = 0) -> None:
        self._versions[uri] += 1
        change = types.TextDocumentContentChangePartial(
            range=types.Range(types.Position(line, character), types.Position(line, character + deleted)),
            text=text,
        )
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=self._versions[uri]),
                content_changes=[change],
            )
        )

    def request(self, method: str, params: Any, identifier: str | None = None) -> "asyncio.Future[Any]":
        """Send JSON as it stands: the typed client refuses what some real clients send."""
        identifier = identifier or str(uuid.uuid4())
        future: Future[Any] = Future()
        protocol = self.client.protocol
        protocol._request_futures[identifier] = future
        protocol._send_data({"jsonrpc": "2.0", "id": identifier, "method": method, "params": params})
        return asyncio.wrap_future(future)

    def complete(
        self,
        line: int,
        character: int,
        kind: int = 2,
        uri: str = URI,
        identifier: str | None = None,
        **context: Any,
    ) -> "asyncio.Future[Any]":
        return self.request(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": uri},
                "position": {"line": line, "character": character},
                "context": {"triggerKind": kind, **context},
            },
            identifier,
        )


@asynccontextmanager
async def editing(*command: str, **environment: str) -> AsyncIterator[Editor]:
    """A client of a fresh server process, the scripted one by default; it is not initialized yet."""
    client = make_client()
    await client.start_io(sys.executable, *(command or (SCRIPTED,)), env={**os.environ, **environment})
    try:
        yield client.editor  # type: ignore[attr-defined]
    finally:
        if client._server is not None and client._server.returncode is None:
            await client.shutdown_session()
        await client.stop()


def make_client() -> LanguageClient:
    client = make_test_lsp_client()
    client.editor = Editor(client)  # type: ignore[attr-defined]
    return client


__all__ = ["SCRIPTED", "SERVE", "URI", "Editor", "editing", "make_client"]
