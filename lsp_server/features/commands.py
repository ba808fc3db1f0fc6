"""`workspace/executeCommand`: the commands a client may run by name."""

from collections.abc import Awaitable, Callable
from typing import Any

from lsp_server.features.inline_completion import ACCEPTED_COMMAND
from lsp_server.messages import ExecuteCommandParams
from lsp_server.registry import Registry
from lsp_server.rpc import errors
from lsp_server.rpc.errors import RpcError
from lsp_server.session import Session

Command = Callable[[Session, ExecuteCommandParams], Awaitable[Any]]


def register(registry: Registry) -> None:
    """Add the handlers."""
    registry.request("workspace/executeCommand", ExecuteCommandParams, execute_command)


async def execute_command(session: Session, params: ExecuteCommandParams) -> Any:
    """Run one of `COMMANDS`."""
    command = COMMANDS.get(params.command)
    if command is None:
        raise RpcError(errors.INVALID_PARAMS, f"There is no command {params.command[:100]!r}.")
    return await command(session, params)


async def accepted(session: Session, params: ExecuteCommandParams) -> None:
    """A client put a suggestion in."""
    del params
    session.statistics.accepted += 1


async def show_stats(session: Session, params: ExecuteCommandParams) -> dict[str, Any]:
    """The session's counts and times."""
    del params
    return {**session.statistics.summary(), "status": session.host.status}


async def pause(session: Session, params: ExecuteCommandParams) -> bool:
    """Stop or resume suggesting; with no argument the other of the two. Answers whether it is paused."""
    wanted = params.arguments[0] if params.arguments else not session.paused
    session.paused = bool(wanted)
    if session.paused:
        session.host.cancel_all()
    session.report(session.host.status)
    return session.paused


async def select_model(session: Session, params: ExecuteCommandParams) -> dict[str, Any]:
    """Load another model, by name or folder."""
    name = params.arguments[0] if params.arguments else None
    if name is not None and not isinstance(name, str):
        raise RpcError(errors.INVALID_PARAMS, "A model is chosen by its name.")
    session.select_model(name)
    return {"model": name}


COMMANDS: dict[str, Command] = {
    ACCEPTED_COMMAND: accepted,
    "spanfill.showStats": show_stats,
    "spanfill.pause": pause,
    "spanfill.selectModel": select_model,
}
