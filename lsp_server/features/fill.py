"""`spanfill/fill`, and what the client tells of its suggestions."""

from typing import TYPE_CHECKING, Any

from lsp_server.fills import fill
from lsp_server.messages import DID_ACCEPT, DID_REJECT, DID_SHOW, FILL, FillParams, SuggestionParams

if TYPE_CHECKING:
    from lsp_server.language_server import SpanfillServer


def register(server: "SpanfillServer") -> None:
    """Add the handlers."""
    server.feature(FILL)(fill_request)
    server.feature(DID_SHOW)(did_show)
    server.feature(DID_ACCEPT)(did_accept)
    server.feature(DID_REJECT)(did_reject)


async def fill_request(ls: "SpanfillServer", params: FillParams) -> dict[str, Any]:
    """Fill a place and answer the versioned edit with its statistics."""
    return (await fill(ls.session, params)).answer()


def did_show(ls: "SpanfillServer", params: SuggestionParams) -> None:
    """A suggestion came on screen."""
    ls.session.statistics.shown.add(params.id)


def did_accept(ls: "SpanfillServer", params: SuggestionParams) -> None:
    """A suggestion was taken, whole or in part."""
    ls.session.statistics.accepted.add(params.id)


def did_reject(ls: "SpanfillServer", params: SuggestionParams) -> None:
    """A suggestion was dismissed."""
    ls.session.statistics.rejected.add(params.id)
