"""`textDocument/codeAction`: fills and rewrites in every editor's own menu."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server import actions
from lsp_server.conversion import protocol_range, range_of
from lsp_server.open_document import OpenDocument
from lsp_server.session import path_of

if TYPE_CHECKING:
    from lsp_server.language_server import SpanfillServer


def register(server: "SpanfillServer") -> None:
    """Add the handlers."""
    options = types.CodeActionOptions(code_action_kinds=[actions.REWRITE, actions.QUICKFIX])
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)(code_action)


async def code_action(ls: "SpanfillServer", params: types.CodeActionParams) -> list[types.CodeAction]:
    """The actions for a selection; none for secret files."""
    session = ls.session
    document = session.document(params.text_document.uri)
    if not session.options.enabled or session.privacy.secret(path_of(document.uri)):
        return []
    offers = actions.offers(document, range_of(params.range), params.context.diagnostics, chat=session.chat)
    return [_action(document, offer) for offer in offers if _wanted(offer.kind, params.context.only)]


def _wanted(kind: str, only: Sequence[types.CodeActionKind | str] | None) -> bool:
    """Kinds form a tree: asking for `refactor` asks for `refactor.rewrite` too."""
    wishes = None if only is None else [str(getattr(wish, "value", wish)) for wish in only]
    return wishes is None or any(not wish or kind == wish or kind.startswith(wish + ".") for wish in wishes)


def _action(document: OpenDocument, offer: actions.Offer) -> types.CodeAction:
    argument: dict[str, Any] = {
        "textDocument": {"uri": document.uri, "version": document.version},
        "range": protocol_range(offer.range),
        "instruction": offer.instruction,
    }
    if offer.mode is not None:
        argument["mode"] = offer.mode
    return types.CodeAction(
        title=offer.title,
        kind=types.CodeActionKind(offer.kind),
        command=types.Command(title=offer.title, command=offer.command, arguments=[argument]),
        diagnostics=None if offer.diagnostic is None else [offer.diagnostic],
    )
