"""Which handler answers which method, with which parameters."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from lsp_server import wire
from lsp_server.rpc import errors
from lsp_server.rpc.connection import NotificationHandler, RequestHandler
from lsp_server.rpc.errors import RpcError
from lsp_server.session import Session

P = TypeVar("P")


class Registry:
    """Collects the features' handlers and binds them to a session."""

    def __init__(self, session: Session) -> None:
        self.requests: dict[str, RequestHandler] = {}
        self.notifications: dict[str, NotificationHandler] = {}
        self._session = session

    def request(self, method: str, params: type[P], handler: Callable[[Session, P], Awaitable[Any]]) -> None:
        """Answer `method` with what `handler` returns."""

        async def answer(raw: Any) -> Any:
            return wire.unstructure(await handler(self._session, _params(raw, params)))

        self.requests[method] = answer

    def notification(self, method: str, params: type[P], handler: Callable[[Session, P], None]) -> None:
        """Call `handler` for each `method`."""

        def receive(raw: Any) -> None:
            handler(self._session, _params(raw, params))

        self.notifications[method] = receive


def _params(raw: Any, cls: type[P]) -> P:
    try:
        return wire.structure({} if raw is None else raw, cls)
    except wire.WireError as error:
        raise RpcError(errors.INVALID_PARAMS, f"Invalid parameters: {str(error)[:300]}.") from error
