"""`workspace/executeCommand`: the commands a client may run by name."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from lsp_server import wire
from lsp_server.features.inline_completion import ACCEPTED_COMMAND
from lsp_server.fills import explanation, fill
from lsp_server.messages import ExecuteCommandParams, FillParams
from lsp_server.registry import Registry
from lsp_server.rpc import errors
from lsp_server.rpc.errors import RpcError
from lsp_server.session import INFO, Session
from runtime import Mode

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


def filling(title: str, mode: Mode | None = None, instruction: str = "") -> Command:
    """A command that fills what its argument names and applies the edit."""

    async def run(session: Session, params: ExecuteCommandParams) -> dict[str, Any]:
        wanted = _fill_params(params)
        wanted = replace(
            wanted,
            mode=mode or wanted.mode,
            instruction=wanted.instruction or instruction,
            apply=True,
            work_done_token=params.work_done_token,
        )
        return (await fill(session, wanted, title)).answer()

    return run


async def rewrite(session: Session, params: ExecuteCommandParams) -> dict[str, Any]:
    """Rewrite a selection to an instruction, which must be there."""
    if not _fill_params(params).instruction.strip():
        raise RpcError(errors.INVALID_PARAMS, "Rewriting needs an instruction.")
    return await filling("Rewriting", "region")(session, params)  # type: ignore[no-any-return]


async def explain(session: Session, params: ExecuteCommandParams) -> str:
    """Explain a selection in words; nothing is edited."""
    text = await explanation(session, _fill_params(params), params.work_done_token)
    session.show(INFO, text)
    return text


def _fill_params(params: ExecuteCommandParams) -> FillParams:
    if not params.arguments:
        raise RpcError(errors.INVALID_PARAMS, "The command needs a document and a range.")
    try:
        return wire.structure(params.arguments[0], FillParams)
    except wire.WireError as error:
        raise RpcError(errors.INVALID_PARAMS, f"Invalid argument: {error}.") from error


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
    "spanfill.fillSelection": filling("Filling the selection", "region"),
    "spanfill.fillFunctionBody": filling("Filling the function", "function"),
    "spanfill.regenerate": filling("Filling the function again", "function"),
    "spanfill.rewrite": rewrite,
    "spanfill.fixDiagnostic": filling("Fixing", "region", "Fix the problem in this code."),
    "spanfill.optimise": filling("Optimising", "region", "Make this code faster; keep what it does."),
    "spanfill.explain": explain,
    "spanfill.showStats": show_stats,
    "spanfill.pause": pause,
    "spanfill.selectModel": select_model,
}
