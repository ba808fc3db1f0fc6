"""pygls' protocol, tightened: a connection's life, malformed messages, cancellation, answers to failures.

Texts are kept by `documents`, whose lines are the protocol's; pygls' own workspace gets none of them.
Knows JSON-RPC and the LSP's lifecycle rules; does not know transports or features.
"""

import logging
from collections.abc import Generator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcMethodNotFound,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import JsonRPCNotification, JsonRPCRequestMessage, LanguageServerProtocol, lsp_method

from lsp_server.conversion import fault_of
from lsp_server.messages import MESSAGE_TYPES
from runtime import SpanfillError

if TYPE_CHECKING:
    from cattrs import Converter

    from lsp_server.language_server import SpanfillServer

logger = logging.getLogger(__name__)

_KEPT_BY_US = (
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
)
_WITHOUT_PARAMS = (types.SHUTDOWN, types.EXIT)


class SpanfillProtocol(LanguageServerProtocol):
    """One client's conversation."""

    _server: "SpanfillServer"

    def __init__(self, server: "SpanfillServer", converter: "Converter") -> None:
        super().__init__(server, converter)
        self.initialized = False
        for method in _KEPT_BY_US:
            del self.fm.builtin_features[method]

    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]
        """Our own messages, then the LSP's."""
        return MESSAGE_TYPES.get(method) or types.METHOD_TO_TYPES.get(method, (None,))[0]

    def structure_message(self, data: Any) -> Any:
        """Leave JSON as it is: it is structured once it is known which request a fault belongs to."""
        return data

    def handle_message(self, message: Any) -> None:
        """Check a decoded message, structure it and let pygls run its handler."""
        self._server.session.host.right_of_way.take()
        fault = _fault(message)
        if fault is not None:
            self.answer_error(None, fault)
        elif "method" not in message:
            self._take_response(message)
        elif "id" in message:
            try:
                self._check_request(message["id"], message["method"])
                super().handle_message(self._structured(message))
            except JsonRpcException as error:
                self.answer_error(message["id"], error)
        else:
            self._take_notification(message)

    def answer_error(self, identifier: int | str | None, error: JsonRpcException) -> None:
        """Answer a request, or a message that can't be told to be one, with an error."""
        self._send_data(types.ResponseErrorMessage(id=identifier, error=error.to_response_error()))

    @property
    def shut_down(self) -> bool:
        """Whether the client has said that it is about to go."""
        return self._shutdown

    def drop(self) -> None:
        """The conversation is over: nothing runs on and nothing is sent any more."""
        self.writer = None
        for future in list(self._request_futures.values()):
            future.cancel()

    def _check_request(self, identifier: int | str, method: str) -> None:
        if identifier in self._request_futures:
            raise JsonRpcInvalidRequest("A request with this id is still running.")
        if self._shutdown:
            raise JsonRpcInvalidRequest("The server is shutting down.")
        if not self.initialized and method != types.INITIALIZE:
            raise JsonRpcServerNotInitialized("The first request is `initialize`.")
        if self.initialized and method == types.INITIALIZE:
            raise JsonRpcInvalidRequest("The server is initialized already.")
        if not self._knows(method):
            raise JsonRpcMethodNotFound(f"There is no method {method[:100]!r}.")

    def _knows(self, method: str) -> bool:
        return method in self.fm.builtin_features or method in self.fm.features

    def _structured(self, message: dict[str, Any]) -> Any:
        method = message["method"]
        kept: dict[str, Any] = {key: message[key] for key in ("jsonrpc", "id", "method") if key in message}
        if method not in _WITHOUT_PARAMS:
            params = message.get("params")
            kept["params"] = {} if params is None else params
        fallback = JsonRPCRequestMessage if "id" in message else JsonRPCNotification
        try:
            return self._converter.structure(kept, self.get_message_type(method) or fallback)
        except Exception as error:  # cattrs raises groups of many types; all mean JSON that does not fit
            raise JsonRpcInvalidParams(f"Invalid parameters: {fault_of(error, 'message')}.") from error

    def _take_notification(self, message: dict[str, Any]) -> None:
        method = message["method"]
        alive = self.initialized and not self._shutdown
        wanted = alive and (self._knows(method) or method == types.CANCEL_REQUEST)
        if not wanted and method != types.EXIT:
            return
        try:
            super().handle_message(self._structured(message))
        except JsonRpcException as error:
            logger.warning("%s was ignored: %s", method, error)

    def _handle_cancel_notification(self, msg_id: Any) -> None:
        if type(msg_id) in (int, str) and msg_id in self._request_futures:
            super()._handle_cancel_notification(msg_id)

    def _take_response(self, message: dict[str, Any]) -> None:
        """Pass on the answer to a request of ours; others, and those nobody waits for, are nothing."""
        identifier = message.get("id")
        if not isinstance(identifier, str) or identifier not in self._result_types:
            return
        result_type = self._result_types.pop(identifier)
        future = self._request_futures.get(identifier)
        if future is None or future.done():
            self._request_futures.pop(identifier, None)
            return
        expected = types.ResponseErrorMessage if "error" in message else result_type
        try:
            super().handle_message(self._converter.structure({"result": None, **message}, expected))
        except Exception:  # cattrs raises groups of many types; all mean JSON that does not fit
            self._request_futures.pop(identifier, None)
            future.set_exception(JsonRpcInternalError("The client's answer can't be understood."))

    def _send_handler_result(self, future: "Future[Any]", *, msg_id: int | str) -> None:
        """Answer a request; what failed on purpose is an answer with its own sentence."""
        if future.cancelled():
            super()._send_handler_result(future, msg_id=msg_id)
            return
        self._request_futures.pop(msg_id, None)
        try:
            # Made plain here: a result that can't be sent must not leave its request without an answer.
            result = self._converter.unstructure(future.result())
        except JsonRpcException as error:
            self.answer_error(msg_id, error)
        except SpanfillError as error:
            failed = int(types.LSPErrorCodes.RequestFailed)
            self.answer_error(msg_id, JsonRpcException(str(error), code=failed))
        except Exception as error:
            log_failure("A request", error)
            self.answer_error(msg_id, JsonRpcInternalError(f"The request failed: {type(error).__name__}"))
        else:
            self._send_response(msg_id, result)

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(self, params: types.InitializeParams) -> Generator[Any, Any, types.InitializeResult]:
        """pygls' answer with what it has no setting for."""
        result = yield from super().lsp_initialize(params)
        result.capabilities.position_encoding = self._server.session.encoding
        result.capabilities.experimental = {"spanfill": {"fill": True, "frames": True}}
        if result.capabilities.execute_command_provider is not None:
            result.capabilities.execute_command_provider.work_done_progress = True
        self.initialized = True
        return result

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: Any) -> None:  # type: ignore[override]
        """End this conversation; other clients of the process live on."""
        self._server.hang_up()

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Any:  # type: ignore[override]
        """Run a command as a task, which the client can cancel, with its work-done token."""
        command = self.fm.commands.get(params.command)
        if command is None:
            raise JsonRpcInvalidParams(f"There is no command {params.command[:100]!r}.")
        return await command(params)


def _fault(message: Any) -> JsonRpcException | None:
    """What makes decoded JSON no JSON-RPC 2.0 message."""
    if not isinstance(message, dict) or message.get("jsonrpc") != LanguageServerProtocol.VERSION:
        return JsonRpcInvalidRequest("Not a JSON-RPC 2.0 message.")
    if "method" in message:
        if not isinstance(message["method"], str):
            return JsonRpcInvalidRequest("A method's name is a string.")
        if "id" in message and type(message["id"]) not in (int, str):
            return JsonRpcInvalidRequest("An id is a number or a string.")
    return None


def log_failure(what: str, error: BaseException) -> None:
    """One line; an exception's text and frames may hold source text, which stays at DEBUG."""
    logger.error("%s failed: %s", what, type(error).__name__)
    logger.debug("%s failed", what, exc_info=error)
