"""How soon the real server answers: a process of its own, spoken to over stdio.

Knows processes and pygls' client; prints nothing.
"""

import asyncio
import statistics
import sys
import time

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from runtime.errors import SpanfillError

_COMMAND = (sys.executable, "-m", "lsp_server.cli.main", "serve", "--stdio")
_PATIENCE_S = 30.0


def initialize_ms(repeat: int) -> float:
    """From starting the server to the answer of `initialize`: the median of `repeat` runs.

    Raises:
        SpanfillError: the server ended instead of answering.
    """
    return statistics.median(asyncio.run(_once()) for _ in range(repeat))


async def _once() -> float:
    client = LanguageClient("spanfill-bench", "1")
    began = time.perf_counter()
    await client.start_io(*_COMMAND)
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await client.initialize_async(types.InitializeParams(capabilities=types.ClientCapabilities()))
            took = (time.perf_counter() - began) * 1e3
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()  # type: ignore[no-untyped-call]
    except (RuntimeError, TimeoutError) as error:
        raise SpanfillError(
            "The server ended without an answer. `spanfill serve --verbose` shows why."
        ) from error
    return took
