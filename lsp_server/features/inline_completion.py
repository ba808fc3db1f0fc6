"""`textDocument/inlineCompletion`: ghost text at the cursor."""

from typing import Any

from lsp_server import indentation
from lsp_server.messages import InlineCompletionParams, SelectedCompletion
from lsp_server.open_document import OpenDocument
from lsp_server.registry import Registry
from lsp_server.reuse import Suggestion
from lsp_server.session import Session
from lsp_server.speculation import speculate
from lsp_server.suggestions import Query, now_ms, suggest

ACCEPTED_COMMAND = "spanfill.accepted"


def register(registry: Registry) -> None:
    """Add the handlers."""
    registry.request("textDocument/inlineCompletion", InlineCompletionParams, inline_completion)


async def inline_completion(session: Session, params: InlineCompletionParams) -> dict[str, Any]:
    """Suggestions at the position; always a list, always with ranges."""
    received = now_ms()
    document = session.document(params.text_document.uri)
    offset = document.offset_at(params.position)
    selected = params.context.selected_completion_info
    text, at = (document.text, offset) if selected is None else _with_selected(document, selected)
    invoked = session.numbering.invoked(params.context.trigger_kind)
    query = Query(document=document, text=text, offset=at, invoked=invoked, received_ms=received)
    suggestions = await suggest(session, query)
    if suggestions and session.options.completion.speculate:
        session.spawn(speculate(session, query, suggestions[0]))
    if selected is None:
        return {"items": [item_of(document, suggestion) for suggestion in suggestions]}
    return {"items": [_item_for_selected(document, selected, suggestion) for suggestion in suggestions]}


def _with_selected(document: OpenDocument, selected: SelectedCompletion) -> tuple[str, int]:
    """The text as if the client's selected completion were accepted, and the cursor after it."""
    start, end = document.offsets_of(selected.range)
    return document.text[:start] + selected.text + document.text[end:], start + len(selected.text)


def item_of(document: OpenDocument, suggestion: Suggestion) -> dict[str, Any]:
    """An item that puts a suggestion in, over the blanks behind the cursor."""
    end = len(document.text) - len(suggestion.after)
    return _item(document, len(suggestion.before), end, suggestion.text, suggestion.id)


def _item_for_selected(
    document: OpenDocument, selected: SelectedCompletion, suggestion: Suggestion
) -> dict[str, Any]:
    start, _ = document.offsets_of(selected.range)
    end = len(document.text) - len(suggestion.after)
    return _item(document, start, end, selected.text + suggestion.text, suggestion.id)


def _item(document: OpenDocument, start: int, end: int, text: str, identifier: str) -> dict[str, Any]:
    if "\n" in text or "\r" in text:
        # Clients show several lines only where the range reaches the line's end.
        line_end = indentation.line_end(document.text, end)
        text += document.text[end:line_end]
        end = line_end
    return {
        "insertText": text,
        "range": document.range_of(start, end),
        "command": {"title": "Accepted", "command": ACCEPTED_COMMAND, "arguments": [identifier]},
    }
