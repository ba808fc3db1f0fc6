"""`spanfill/fill`, its frames and its progress; what the client tells of its suggestions."""

from typing import Any

from lsp_server.fills import fill
from lsp_server.messages import FillParams, SuggestionParams, WorkDoneProgressCancelParams
from lsp_server.registry import Registry
from lsp_server.session import Session


def register(registry: Registry) -> None:
    """Add the handlers."""
    registry.request("spanfill/fill", FillParams, fill_request)
    registry.notification("window/workDoneProgress/cancel", WorkDoneProgressCancelParams, cancel_progress)
    registry.notification("spanfill/didShow", SuggestionParams, did_show)
    registry.notification("spanfill/didAccept", SuggestionParams, did_accept)
    registry.notification("spanfill/didReject", SuggestionParams, did_reject)


async def fill_request(session: Session, params: FillParams) -> dict[str, Any]:
    """Fill a place and answer the versioned edit with its statistics."""
    return (await fill(session, params)).answer()


def cancel_progress(session: Session, params: WorkDoneProgressCancelParams) -> None:
    """The user pressed a progress's cancel button."""
    token = params.token
    task = session.progress.get(token) if isinstance(token, (int, str)) else None
    if task is not None:
        task.cancel()


def did_show(session: Session, params: SuggestionParams) -> None:
    """A suggestion came on screen."""
    del params
    session.statistics.shown += 1


def did_accept(session: Session, params: SuggestionParams) -> None:
    """A suggestion was taken, whole or in part."""
    del params
    session.statistics.accepted += 1


def did_reject(session: Session, params: SuggestionParams) -> None:
    """A suggestion was dismissed."""
    del params
    session.statistics.rejected += 1
