"""Work-done progress of one piece of work: begin, reports, end, and the user's cancel button."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.session import Session

Report = Callable[[str], None]


@asynccontextmanager
async def reported(session: Session, title: str, token: object = None) -> AsyncIterator[Report]:
    """Report the enclosed work under the client's token, or under one of our own where it can be made.

    The client's cancel cancels the enclosing task.
    """
    progress = session.server.work_done_progress
    theirs = isinstance(token, (int, str)) and token not in progress.tokens
    made = token if theirs else await _created(session)
    task = asyncio.current_task()
    if not isinstance(made, (int, str)) or task is None:
        yield _unheard
        return
    progress.begin(made, types.WorkDoneProgressBegin(title=title, cancellable=True))
    progress.tokens[made].add_done_callback(lambda pressed: pressed.cancelled() and task.cancel())
    try:
        yield lambda message: progress.report(
            made, types.WorkDoneProgressReport(message=message, cancellable=True)
        )
    finally:
        progress.tokens.pop(made, None)
        progress.end(made, types.WorkDoneProgressEnd())


def _unheard(message: str) -> None:
    """The report of work that no client listens to."""
    del message


async def _created(session: Session) -> str | None:
    if not session.capability("window.work_done_progress"):
        return None
    token = f"spanfill-{session.next_id()}"
    try:
        await session.server.work_done_progress.create_async(token)
    except JsonRpcException:
        return None
    return token
