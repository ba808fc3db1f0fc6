"""Puts a session together: features, connection, engine. Knows every part and does none of their work."""

from collections.abc import Callable
from typing import Any

from lsp_server.engine_host import EngineHost
from lsp_server.features import (
    code_actions,
    commands,
    completion,
    fill,
    inline_completion,
    lifecycle,
    synchronization,
)
from lsp_server.registry import Registry
from lsp_server.rpc import errors
from lsp_server.rpc.connection import Connection
from lsp_server.rpc.errors import RpcError
from lsp_server.session import Session
from runtime import SpanfillError

FEATURES = (lifecycle, synchronization, inline_completion, completion, fill, code_actions, commands)


def open_session(send: Callable[[dict[str, Any]], None], host: EngineHost) -> Session:
    """A session for one client; `send` takes each message for it."""
    session = Session(host)
    registry = Registry(session)
    for feature in FEATURES:
        feature.register(registry)
    session.connection = Connection(send, registry.requests, registry.notifications, _explain)
    return session


def _explain(error: Exception) -> RpcError | None:
    """What failed on purpose is an answer with its own sentence."""
    return RpcError(errors.REQUEST_FAILED, str(error)) if isinstance(error, SpanfillError) else None


async def converse(session: Session) -> int:
    """Handle the client's messages to the end; answers the exit status."""
    try:
        return await session.connection.run()
    finally:
        session.close()
