"""One client's conversation: order, lifecycle, cancellation and error answers.

Messages are handled in the order they came: a request starts before the next message is looked at, so it
sees the documents as they were when it was sent. Knows JSON-RPC and the LSP's lifecycle rules; does not
know transports or features.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

from lsp_server.rpc import errors
from lsp_server.rpc.errors import RpcError
from lsp_server.rpc.framing import Malformed

logger = logging.getLogger(__name__)

RequestHandler = Callable[[Any], Awaitable[Any]]
NotificationHandler = Callable[[Any], None]
Id = int | str

_END = object()


class Phase(Enum):
    """Where in its life a connection is."""

    NEW = "new"
    RUNNING = "running"
    SHUT_DOWN = "shut down"
    CLOSED = "closed"


class Connection:
    """Dispatches a client's messages to handlers. Everything runs on one event loop."""

    def __init__(
        self,
        send: Callable[[dict[str, Any]], None],
        requests: dict[str, RequestHandler],
        notifications: dict[str, NotificationHandler],
        explain: Callable[[Exception], RpcError | None],
    ) -> None:
        """`explain` turns a handler's own exceptions into answers; None makes them internal errors."""
        self.phase = Phase.NEW
        self.exit_status: int | None = None
        self._send = send
        self._requests = requests
        self._notifications = notifications
        self._explain = explain
        self._inbox: asyncio.Queue[Any] = asyncio.Queue()
        self._running: dict[Id, asyncio.Task[Any]] = {}
        self._waiting: dict[Id, asyncio.Future[Any]] = {}
        self._next_id = 0

    def put(self, message: Any) -> None:
        """Take in a decoded message."""
        self._inbox.put_nowait(message)

    def hang_up(self) -> None:
        """Take note that the client has gone; what it sent before is still handled."""
        self._inbox.put_nowait(_END)

    async def run(self) -> int:
        """Handle messages until `exit` or the client's end; answers the exit status."""
        while self.phase is not Phase.CLOSED:
            message = await self._inbox.get()
            if message is _END:
                self.close(0 if self.phase is Phase.SHUT_DOWN else 1)
                break
            if self._dispatch(message):
                await asyncio.sleep(0)  # lets the request start before the next message
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        return self.exit_status or 0

    def close(self, status: int) -> None:
        """Stop handling messages."""
        if self.phase is not Phase.CLOSED:
            self.phase = Phase.CLOSED
            self.exit_status = status
            self._inbox.put_nowait(_END)  # wakes `run`

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method, "params": params})

    async def request(self, method: str, params: Any) -> Any:
        """Send a request and wait for its result.

        Raises:
            RpcError: the client answered with an error.
        """
        self._next_id += 1
        identifier = f"spanfill-{self._next_id}"
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[identifier] = future
        self._send({"jsonrpc": "2.0", "id": identifier, "method": method, "params": params})
        try:
            return await future
        finally:
            self._waiting.pop(identifier, None)

    def _dispatch(self, message: Any) -> bool:
        """Handle one message; True where it started a task."""
        fault = _fault(message)
        if fault is not None:
            self._answer_error(None, fault)
            return False
        if "method" not in message:
            self._take_response(message)
            return False
        method, params = message["method"], message.get("params")
        if "id" not in message:
            self._take_notification(method, params)
            return False
        return self._take_request(message["id"], method, params)

    def _take_request(self, identifier: Id, method: str, params: Any) -> bool:
        refusal = self._refusal(identifier, method)
        if refusal is not None:
            self._answer_error(identifier, refusal)
            return False
        if method == "initialize":
            self.phase = Phase.RUNNING
        elif method == "shutdown":
            self.phase = Phase.SHUT_DOWN
        self._running[identifier] = asyncio.ensure_future(self._answer(identifier, method, params))
        return True

    def _refusal(self, identifier: Id, method: str) -> RpcError | None:
        if identifier in self._running:
            return RpcError(errors.INVALID_REQUEST, "A request with this id is still running.")
        if self.phase is Phase.NEW and method != "initialize":
            return RpcError(errors.NOT_INITIALIZED, "The first request is `initialize`.")
        if self.phase is Phase.RUNNING and method == "initialize":
            return RpcError(errors.INVALID_REQUEST, "The server is initialized already.")
        if self.phase is Phase.SHUT_DOWN:
            return RpcError(errors.INVALID_REQUEST, "The server is shutting down.")
        if method not in self._requests:
            return RpcError(errors.METHOD_NOT_FOUND, f"There is no method {method[:100]!r}.")
        return None

    async def _answer(self, identifier: Id, method: str, params: Any) -> None:
        try:
            result = await self._requests[method](params)
        except asyncio.CancelledError:
            self._answer_error(identifier, RpcError(errors.REQUEST_CANCELLED, "The request was cancelled."))
        except RpcError as error:
            self._answer_error(identifier, error)
        except Exception as error:
            answer = self._explain(error)
            if answer is None:
                _log_failure(method, error)
                answer = RpcError(errors.INTERNAL_ERROR, f"{method} failed: {type(error).__name__}")
            self._answer_error(identifier, answer)
        else:
            self._send({"jsonrpc": "2.0", "id": identifier, "result": result})
        finally:
            self._running.pop(identifier, None)

    def _answer_error(self, identifier: Id | None, error: RpcError) -> None:
        self._send({"jsonrpc": "2.0", "id": identifier, "error": error.to_json()})

    def _take_notification(self, method: str, params: Any) -> None:
        if method == "exit":
            self.close(0 if self.phase is Phase.SHUT_DOWN else 1)
        elif method == "$/cancelRequest":
            task = self._running.get(params.get("id")) if _has_id(params) else None
            if task is not None:
                task.cancel()
        elif self.phase is Phase.RUNNING and method in self._notifications:
            try:
                self._notifications[method](params)
            except Exception as error:
                _log_failure(method, error)

    def _take_response(self, message: dict[str, Any]) -> None:
        identifier = message.get("id")
        future = self._waiting.get(identifier) if isinstance(identifier, str) else None
        if future is None or future.done():
            return
        error = message.get("error")
        if isinstance(error, dict):
            code = error.get("code")
            number = code if isinstance(code, int) else errors.INTERNAL_ERROR
            future.set_exception(RpcError(number, str(error.get("message"))))
        else:
            future.set_result(message.get("result"))


def _has_id(params: Any) -> bool:
    return isinstance(params, dict) and type(params.get("id")) in (int, str)


def _fault(message: Any) -> RpcError | None:
    """What makes a decoded message no JSON-RPC 2.0 message."""
    if isinstance(message, Malformed):
        return RpcError(errors.PARSE_ERROR, f"Malformed message: {message.reason}.")
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return RpcError(errors.INVALID_REQUEST, "Not a JSON-RPC 2.0 message.")
    if "method" in message:
        if not isinstance(message["method"], str):
            return RpcError(errors.INVALID_REQUEST, "A method's name is a string.")
        if "id" in message and type(message["id"]) not in (int, str):
            return RpcError(errors.INVALID_REQUEST, "An id is a number or a string.")
    return None


def _log_failure(method: str, error: Exception) -> None:
    # An exception's text and frames may hold source text, which stays below INFO.
    logger.log(logging.ERROR, "%s failed: %s", method, type(error).__name__)
    logger.debug("%s failed", method, exc_info=error)
