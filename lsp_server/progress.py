"""Work-done progress of one piece of work: begin, reports, end, and the user's cancel button."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from lsp_server.rpc.errors import RpcError
from lsp_server.session import Session

Report = Callable[[str], None]
Token = int | str


@asynccontextmanager
async def reported(session: Session, title: str, token: object = None) -> AsyncIterator[Report]:
    """Report the enclosed work under the client's token, or under one of our own where it can be made.

    The client's cancel cancels the enclosing task.
    """
    made = token if isinstance(token, (int, str)) else await _created(session)
    task = asyncio.current_task()
    if made is None or task is None:
        yield _unheard
        return
    session.progress[made] = task

    def send(value: dict[str, object]) -> None:
        session.notify("$/progress", {"token": made, "value": value})

    send({"kind": "begin", "title": title, "cancellable": True})
    try:
        yield lambda message: send({"kind": "report", "message": message, "cancellable": True})
    finally:
        session.progress.pop(made, None)
        send({"kind": "end"})


def _unheard(message: str) -> None:
    """The report of work that no client listens to."""
    del message


async def _created(session: Session) -> Token | None:
    if not session.capability("window.workDoneProgress"):
        return None
    token = f"spanfill-{session.next_id()}"
    try:
        await session.connection.request("window/workDoneProgress/create", {"token": token})
    except RpcError:
        return None
    return token
