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

    The work does not wait for that: what comes before the client has answered goes unreported. The
    client's cancel cancels the enclosing task.
    """
    shown = _Shown(session, title, asyncio.current_task())
    making: asyncio.Future[None] | None = None
    if isinstance(token, (int, str)) and token not in session.server.work_done_progress.tokens:
        shown.begin(token)
    elif session.capability("window.work_done_progress"):
        making = asyncio.ensure_future(shown.make())
    try:
        yield shown.report
    finally:
        if making is not None:
            making.cancel()
        shown.end()


class _Shown:
    """One progress at the client, once it has begun."""

    def __init__(self, session: Session, title: str, work: "asyncio.Task[object] | None") -> None:
        self._session = session
        self._progress = session.server.work_done_progress
        self._title = title
        self._work = work
        self._token: int | str | None = None

    async def make(self) -> None:
        """Begin under a token of our own, if the client takes it."""
        token = f"spanfill-{self._session.next_id()}"
        try:
            await self._progress.create_async(token)
        except JsonRpcException:
            return
        self.begin(token)

    def begin(self, token: int | str) -> None:
        work = self._work
        if work is None:
            return
        self._token = token
        self._progress.begin(token, types.WorkDoneProgressBegin(title=self._title, cancellable=True))
        self._progress.tokens[token].add_done_callback(lambda pressed: pressed.cancelled() and work.cancel())

    def report(self, message: str) -> None:
        if self._token is not None:
            self._progress.report(
                self._token, types.WorkDoneProgressReport(message=message, cancellable=True)
            )

    def end(self) -> None:
        if self._token is not None:
            self._progress.tokens.pop(self._token, None)
            self._progress.end(self._token, types.WorkDoneProgressEnd())
