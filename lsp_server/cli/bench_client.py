"""A client of the real server process for measurements: bytes out, and the moment each message came in.

Lean, so that what it measures is the server. Knows JSON-RPC and clocks; does not know what is measured.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from runtime.errors import SpanfillError

PATIENCE_S = 120.0
"""For a model to load on a busy machine, or to write a long text."""

SERVE = (sys.executable, "-m", "lsp_server.cli.main", "serve", "--stdio")

_LIMIT_BYTES = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a request."""

    result: Any
    error: Any
    took_ms: float
    """From before the request was encoded to after the answer was read."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification of the server, and when it came."""

    method: str
    params: Any
    at_ms: float


class BenchClient:
    """`async with` it: one server process over stdio."""

    def __init__(self, command: Sequence[str] = SERVE) -> None:
        """`command` starts a server that speaks over stdio."""
        self.notices: list[Notice] = []
        """Every notification so far."""
        self._command = command
        self._answers: dict[int, asyncio.Future[tuple[Any, float]]] = {}
        self._news = asyncio.Event()
        self._last_id = 0
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "BenchClient":
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=pipe,
            stdout=pipe,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_LIMIT_BYTES,
            start_new_session=True,  # Ctrl-C is for us, who then end it in order
        )
        self._reading = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None and self._reading is not None
        with suppress(SpanfillError, TimeoutError, OSError):
            await self.request("shutdown", None, patience_s=5)
            self.notify("exit", None)
            async with asyncio.timeout(5):
                await self._process.wait()
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def begin(self, method: str, params: Any) -> int:
        """Send a request; answers its id."""
        self._last_id += 1
        self._answers[self._last_id] = asyncio.get_running_loop().create_future()
        self._send({"id": self._last_id, "method": method, "params": params})
        return self._last_id

    def resident_mb(self) -> float:
        """Memory of the server that is in RAM."""
        import psutil

        assert self._process is not None
        return float(psutil.Process(self._process.pid).memory_info().rss) / 1e6

    async def request(self, method: str, params: Any, *, patience_s: float = PATIENCE_S) -> Answer:
        """Send a request and wait for its answer.

        Raises:
            SpanfillError: the server ended, or did not answer in time.
        """
        sent_ms = now_ms()
        return await self.answer(self.begin(method, params), sent_ms, patience_s=patience_s)

    async def answer(self, identifier: int, sent_ms: float, *, patience_s: float = PATIENCE_S) -> Answer:
        """The answer to a request that was begun at `sent_ms`.

        Raises:
            SpanfillError: the server ended, or did not answer in time.
        """
        try:
            async with asyncio.timeout(patience_s):
                message, at_ms = await self._answers[identifier]
        except TimeoutError:
            raise SpanfillError("The server did not answer. `spanfill serve --verbose` shows why.") from None
        finally:
            self._answers.pop(identifier, None)
        return Answer(result=message.get("result"), error=message.get("error"), took_ms=at_ms - sent_ms)

    async def until(self, method: str, test: Callable[[Any], bool], after: int = 0) -> Notice:
        """The first notification from number `after` on that passes a test, seen already or still to come.

        Raises:
            SpanfillError: the server ended, or none came in time.
        """
        seen = after
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    for notice in self.notices[seen:]:
                        seen += 1
                        if notice.method == method and test(notice.params):
                            return notice
                    self._check_alive()
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise SpanfillError(f"The server never sent the {method} that was waited for.") from None

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def _check_alive(self) -> None:
        if self._reading is None or self._reading.done():
            raise _ended()

    async def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        stream = self._process.stdout
        try:
            while True:
                header = await stream.readuntil(b"\r\n\r\n")
                length = next(line for line in header.split(b"\r\n") if line.startswith(b"Content-Length: "))
                body = await stream.readexactly(int(length.split()[1]))
                self._take(json.loads(body), now_ms())
        except (asyncio.IncompleteReadError, ConnectionError):
            for waiting in self._answers.values():
                if not waiting.done():
                    waiting.set_exception(_ended())
        finally:
            self._news.set()

    def _take(self, message: Any, at_ms: float) -> None:
        if "method" not in message:
            waiting = self._answers.get(message["id"])
            if waiting is not None and not waiting.done():
                waiting.set_result((message, at_ms))
        elif "id" in message:
            result = {"applied": True} if message["method"] == "workspace/applyEdit" else None
            self._send({"id": message["id"], "result": result})
        else:
            self.notices.append(Notice(message["method"], message["params"], at_ms))
            self._news.set()


def now_ms() -> float:
    """A monotonic clock in milliseconds."""
    return time.perf_counter() * 1e3


def _ended() -> SpanfillError:
    return SpanfillError("The server ended without an answer. `spanfill serve --verbose` shows why.")
