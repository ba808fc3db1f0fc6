"""Puts a client's server together: features and engine. Knows every part and does none of their work."""

import logging

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

FEATURES = (lifecycle, synchronization, inline_completion, fill, code_actions, commands)


def make_server(host: EngineHost, token: str | None = None) -> SpanfillServer:
    """A server for one client."""
    _keep_source_text_out_of_logs()
    server = SpanfillServer(host, token)
    for feature in FEATURES:
        feature.register(server)
    return server


def _keep_source_text_out_of_logs() -> None:
    # pygls logs whole messages, at INFO as they pass and at WARNING and ERROR when they fail.
    if not logging.getLogger().isEnabledFor(logging.DEBUG):
        logging.getLogger("pygls").setLevel(logging.CRITICAL)
