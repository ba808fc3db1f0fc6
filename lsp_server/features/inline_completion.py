"""`textDocument/inlineCompletion`: ghost text at the cursor."""

from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server import indentation
from lsp_server.conversion import position_of, protocol_range, range_of
from lsp_server.open_document import OpenDocument
from lsp_server.queries import Query, now_ms
from lsp_server.reuse import Suggestion
from lsp_server.speculation import speculate
from lsp_server.suggestions import suggest

if TYPE_CHECKING:
    from lsp_server.language_server import SpanfillServer

ACCEPTED_COMMAND = "spanfill.accepted"


def register(server: "SpanfillServer") -> None:
    """Add the handlers."""
    # Without options pygls does not announce the capability.
    options = types.InlineCompletionOptions()
    server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, options)(inline_completion)


async def inline_completion(
    ls: "SpanfillServer", params: types.InlineCompletionParams
) -> types.InlineCompletionList:
    """Suggestions at the position; always a list, always with ranges."""
    received = now_ms()
    session = ls.session
    document = session.document(params.text_document.uri)
    offset = document.offset_at(position_of(params.position))
    selected = params.context.selected_completion_info
    text, at = (document.text, offset) if selected is None else _with_selected(document, selected)
    invoked = session.numbering.invoked(params.context.trigger_kind)
    if invoked:
        session.turn.set()  # an automatic request that waits for a pause in the typing is the older one now
    query = Query(document=document, text=text, offset=at, invoked=invoked, received_ms=received)
    suggestions = await suggest(session, query)
    if suggestions:
        session.statistics.offered.add(suggestions[0].id)
    if suggestions and session.options.completion.speculate:
        session.spawn(speculate(session, query, suggestions[0]))
    if selected is None:
        return types.InlineCompletionList([item_of(document, suggestion) for suggestion in suggestions])
    return types.InlineCompletionList(
        [_item_for_selected(document, selected, suggestion) for suggestion in suggestions]
    )


def _with_selected(document: OpenDocument, selected: types.SelectedCompletionInfo) -> tuple[str, int]:
    """The text as if the client's selected completion were accepted, and the cursor after it."""
    start, end = document.offsets_of(range_of(selected.range))
    return document.text[:start] + selected.text + document.text[end:], start + len(selected.text)


def item_of(document: OpenDocument, suggestion: Suggestion) -> types.InlineCompletionItem:
    """An item that puts a suggestion in, over the blanks behind the cursor."""
    end = len(document.text) - len(suggestion.after)
    return _item(document, len(suggestion.before), end, suggestion.text, suggestion.id)


def _item_for_selected(
    document: OpenDocument, selected: types.SelectedCompletionInfo, suggestion: Suggestion
) -> types.InlineCompletionItem:
    start, _ = document.offsets_of(range_of(selected.range))
    end = len(document.text) - len(suggestion.after)
    return _item(document, start, end, selected.text + suggestion.text, suggestion.id)


def _item(
    document: OpenDocument, start: int, end: int, text: str, identifier: str
) -> types.InlineCompletionItem:
    if "\n" in text or "\r" in text:
        # Clients show several lines only where the range reaches the line's end.
        line_end = indentation.line_end(document.text, end)
        text += document.text[end:line_end]
        end = line_end
    return types.InlineCompletionItem(
        insert_text=text,
        range=protocol_range(document.range_of(start, end)),
        command=types.Command(title="Accepted", command=ACCEPTED_COMMAND, arguments=[identifier]),
    )
