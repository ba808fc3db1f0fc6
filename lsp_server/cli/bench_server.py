"""How soon the real server answers: a process of its own, spoken to over stdio.

Speaks the protocol's bytes itself, as an editor does; prints nothing.
"""

import json
import statistics
import subprocess
import sys
import time
from typing import Any

from runtime.errors import SpanfillError

_COMMAND = (sys.executable, "-m", "lsp_server.cli.main", "serve", "--stdio")
_PATIENCE_S = 30.0


def initialize_ms(repeat: int) -> float:
    """From starting the server to the answer of `initialize`: the median of `repeat` runs.

    Raises:
        SpanfillError: the server ended instead of answering.
    """
    return statistics.median(_once() for _ in range(repeat))


def _once() -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        _send(process, {"id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}})
        _answer(process, 1)
        took = (time.perf_counter() - began) * 1e3
        _send(process, {"id": 2, "method": "shutdown"})
        _answer(process, 2)
        _send(process, {"method": "exit"})
        process.wait(_PATIENCE_S)
    finally:
        process.kill()
        process.communicate()
    return took


def _send(process: "subprocess.Popen[bytes]", message: dict[str, Any]) -> None:
    assert process.stdin is not None
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    process.stdin.flush()


def _answer(process: "subprocess.Popen[bytes]", identifier: int) -> None:
    """Read up to the answer of a request; what the server tells before it is dropped."""
    assert process.stdout is not None
    length = 0
    while line := process.stdout.readline():
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        elif not line.strip() and json.loads(process.stdout.read(length)).get("id") == identifier:
            return
    raise SpanfillError("The server ended without an answer. `spanfill serve --verbose` shows why.")
