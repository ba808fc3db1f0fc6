"""`workspace/executeCommand`: the commands a client may run by name."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.actions import OPTIMISE
from lsp_server.conversion import fill_params
from lsp_server.features.inline_completion import ACCEPTED_COMMAND
from lsp_server.fills import explanation, fill
from lsp_server.messages import FillParams
from lsp_server.session import status_json
from runtime import Mode

if TYPE_CHECKING:
    from lsp_server.language_server import SpanfillServer

Command = Callable[["SpanfillServer", types.ExecuteCommandParams], Awaitable[Any]]


def register(server: "SpanfillServer") -> None:
    """Add the handlers."""
    for name, command in COMMANDS.items():
        server.command(name)(command)


def filling(title: str, mode: Mode | None = None, instruction: str = "") -> Command:
    """A command that fills what its argument names and applies the edit."""

    async def run(ls: "SpanfillServer", params: types.ExecuteCommandParams) -> dict[str, Any]:
        wanted = _fill_params(params)
        wanted = replace(
            wanted,
            mode=mode or wanted.mode,
            instruction=wanted.instruction or instruction,
            apply=True,
            work_done_token=params.work_done_token,
        )
        return (await fill(ls.session, wanted, title)).answer()

    return run


async def rewrite(ls: "SpanfillServer", params: types.ExecuteCommandParams) -> dict[str, Any]:
    """Rewrite a selection to an instruction, which must be there."""
    if not _fill_params(params).instruction.strip():
        raise JsonRpcInvalidParams("Rewriting needs an instruction.")
    return await filling("Rewriting", "region")(ls, params)  # type: ignore[no-any-return]


async def explain(ls: "SpanfillServer", params: types.ExecuteCommandParams) -> str:
    """Explain a selection in words; nothing is edited."""
    wanted = _fill_params(params)
    text = await explanation(ls.session, wanted, params.work_done_token)
    if wanted.show:
        ls.session.show(types.MessageType.Info, text)
    return text


def _fill_params(params: types.ExecuteCommandParams) -> FillParams:
    if not params.arguments:
        raise JsonRpcInvalidParams("The command needs a document and a range.")
    return fill_params(params.arguments[0])


async def accepted(ls: "SpanfillServer", params: types.ExecuteCommandParams) -> None:
    """A client put a suggestion in."""
    identifier = params.arguments[0] if params.arguments else ""
    ls.session.statistics.accepted.add(identifier if isinstance(identifier, str) else "")


async def show_stats(ls: "SpanfillServer", params: types.ExecuteCommandParams) -> dict[str, Any]:
    """The session's counts and times."""
    del params
    return {**ls.session.statistics.summary(), "status": status_json(ls.session.host.status)}


async def pause(ls: "SpanfillServer", params: types.ExecuteCommandParams) -> bool:
    """Stop or resume suggesting; with no argument the other of the two. Answers whether it is paused."""
    session = ls.session
    wanted = params.arguments[0] if params.arguments else not session.paused
    if not isinstance(wanted, bool):
        raise JsonRpcInvalidParams("Pausing takes true, false or nothing.")
    session.paused = wanted
    if session.paused:
        session.host.cancel_all()
    session.report(session.host.status)
    return session.paused


async def select_model(ls: "SpanfillServer", params: types.ExecuteCommandParams) -> dict[str, Any]:
    """Load another model, by name or folder."""
    name = params.arguments[0] if params.arguments else None
    if name is not None and not isinstance(name, str):
        raise JsonRpcInvalidParams("A model is chosen by its name.")
    ls.session.select_model(name)
    return {"model": name}


COMMANDS: dict[str, Command] = {
    ACCEPTED_COMMAND: accepted,
    "spanfill.fillSelection": filling("Filling the selection", "region"),
    "spanfill.fillFunctionBody": filling("Filling the function", "function"),
    "spanfill.regenerate": filling("Filling the function again", "function"),
    "spanfill.rewrite": rewrite,
    "spanfill.fixDiagnostic": filling("Fixing", "region", "Fix the problem in this code."),
    "spanfill.optimise": filling("Optimising", "region", OPTIMISE),
    "spanfill.explain": explain,
    "spanfill.showStats": show_stats,
    "spanfill.pause": pause,
    "spanfill.selectModel": select_model,
}
