"""`textDocument/codeAction`: fills and rewrites in every editor's own menu."""

from typing import Any

from lsp_server import actions
from lsp_server.messages import CodeActionParams
from lsp_server.open_document import OpenDocument
from lsp_server.registry import Registry
from lsp_server.session import Session, path_of


def register(registry: Registry) -> None:
    """Add the handlers."""
    registry.request("textDocument/codeAction", CodeActionParams, code_action)


async def code_action(session: Session, params: CodeActionParams) -> list[dict[str, Any]]:
    """The actions for a selection; none for secret files."""
    document = session.document(params.text_document.uri)
    if not session.options.enabled or session.privacy.secret(path_of(document.uri)):
        return []
    offers = actions.offers(document, params.range, params.context.diagnostics, chat=session.chat)
    return [_action(document, offer) for offer in offers if _wanted(offer.kind, params.context.only)]


def _wanted(kind: str, only: tuple[str, ...] | None) -> bool:
    """Kinds form a tree: asking for `refactor` asks for `refactor.rewrite` too."""
    return only is None or any(not wish or kind == wish or kind.startswith(wish + ".") for wish in only)


def _action(document: OpenDocument, offer: actions.Offer) -> dict[str, Any]:
    argument: dict[str, Any] = {
        "textDocument": {"uri": document.uri, "version": document.version},
        "range": offer.range,
        "instruction": offer.instruction,
    }
    if offer.mode is not None:
        argument["mode"] = offer.mode
    action: dict[str, Any] = {
        "title": offer.title,
        "kind": offer.kind,
        "command": {"title": offer.title, "command": offer.command, "arguments": [argument]},
    }
    if offer.diagnostic is not None:
        action["diagnostics"] = [offer.diagnostic]
    return action
