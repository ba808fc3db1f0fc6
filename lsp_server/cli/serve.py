"""`spanfill serve`: the language server on standard input and output, TCP or WebSocket."""

import gc
import logging
import sys
from typing import Annotated

import typer

SWITCH_INTERVAL_S = 0.001
"""How long the engine's thread may run Python while the event loop waits; a keystroke is not to notice it."""


def command(
    stdio: Annotated[bool, typer.Option("--stdio", help="Standard input and output; the default.")] = False,
    tcp: Annotated[str | None, typer.Option("--tcp", metavar="HOST:PORT", help="Listen on TCP.")] = None,
    ws: Annotated[
        str | None, typer.Option("--ws", metavar="HOST:PORT", help="Listen for WebSockets.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="NAME", help="The model to use.")] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Permit an address other than this machine's loopback.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log more, source text included.")] = False,
) -> None:
    """Serve editors over the Language Server Protocol.

    TCP and WebSocket clients name the token in their initialization options; it is taken from the
    SPANFILL_TOKEN environment variable, or made up and printed to standard error.
    """
    from runtime import UsageError

    if sum((stdio, tcp is not None, ws is not None)) > 1:
        raise UsageError("Choose one of --stdio, --tcp and --ws.")
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,  # the command line has set up its own by now
    )
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    # The thousands of classes made now live to the end: the collector need not look at them, now or later.
    gc.disable()
    from lsp_server.stdio import serve_stdio

    gc.freeze()
    gc.enable()
    if tcp is None and ws is None:
        raise typer.Exit(serve_stdio(model))
    from lsp_server.network import serve_network

    if tcp is not None:
        raise typer.Exit(serve_network("tcp", tcp, model=model, allow_remote=allow_remote))
    raise typer.Exit(serve_network("ws", ws or "", model=model, allow_remote=allow_remote))
