"""Puts a client's server together: features and engine. Knows every part and does none of their work."""

import asyncio
import logging
from typing import Any

from lsp_server.engine_host import EngineHost
from lsp_server.features import (
    code_actions,
    commands,
    fill,
    inline_completion,
    lifecycle,
    synchronization,
)
from lsp_server.language_server import SpanfillServer
from lsp_server.protocol import log_failure

FEATURES = (lifecycle, synchronization, inline_completion, fill, code_actions, commands)


def make_server(host: EngineHost, token: str | None = None) -> SpanfillServer:
    """A server for one client; called on the event loop that it will run on."""
    _keep_source_text_out_of_logs()
    server = SpanfillServer(host, token)
    for feature in FEATURES:
        feature.register(server)
    return server


def _keep_source_text_out_of_logs() -> None:
    asyncio.get_running_loop().set_exception_handler(_loop_failed)
    # pygls logs whole messages, at INFO as they pass and at WARNING and ERROR when they fail.
    if not logging.getLogger().isEnabledFor(logging.DEBUG):
        logging.getLogger("pygls").setLevel(logging.CRITICAL)


def _loop_failed(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # asyncio's own handler logs the arguments of a callback, and they may be source text.
    error = context.get("exception")
    log_failure("Something on the event loop", error if error is not None else RuntimeError())
