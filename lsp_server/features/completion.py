"""`textDocument/completion` with the same text, for clients that know no inline completion."""

from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.conversion import position_of, protocol_range
from lsp_server.features.inline_completion import item_of
from lsp_server.queries import Query, now_ms
from lsp_server.suggestions import suggest

if TYPE_CHECKING:
    from lsp_server.language_server import SpanfillServer

_LONGEST_LABEL = 60


_TRIGGERS = (".", "(", " ", ":")


def register(server: "SpanfillServer") -> None:
    """Add the handlers."""
    options = types.CompletionOptions(trigger_characters=_TRIGGERS, resolve_provider=False)
    server.feature(types.TEXT_DOCUMENT_COMPLETION, options)(completion)


def registered(server: "SpanfillServer") -> bool:
    """Whether the handlers are there."""
    return types.TEXT_DOCUMENT_COMPLETION in server.protocol.fm.features


def registration() -> types.Registration:
    """What tells a client of the handlers that `initialize` did not announce."""
    return types.Registration(
        id="spanfill-completion",
        method=types.TEXT_DOCUMENT_COMPLETION,
        register_options=types.CompletionRegistrationOptions(
            document_selector=None, trigger_characters=_TRIGGERS, resolve_provider=False
        ),
    )


async def completion(ls: "SpanfillServer", params: types.CompletionParams) -> types.CompletionList:
    """One item at most; incomplete, so that the client asks again as the text changes."""
    session = ls.session
    if not session.options.completion.fallback:
        return types.CompletionList(is_incomplete=False, items=[])
    received = now_ms()
    document = session.document(params.text_document.uri)
    offset = document.offset_at(position_of(params.position))
    query = Query(document=document, text=document.text, offset=offset, invoked=False, received_ms=received)
    items = []
    for suggestion in (await suggest(session, query))[:1]:
        inline = item_of(document, suggestion)
        session.statistics.offered.add(suggestion.id)
        # Clients filter a list by the word at the cursor: the item has to begin with it.
        word = _word_before(document.text, offset)
        whole = f"{word}{inline.insert_text}"
        span = document.range_of(offset - len(word), len(document.text) - len(suggestion.after))
        items.append(
            types.CompletionItem(
                label=_label(whole),
                kind=types.CompletionItemKind.Snippet,
                detail="spanfill",
                documentation=whole,
                filter_text=whole,
                sort_text="\u0001",
                text_edit=types.TextEdit(protocol_range(span), word + suggestion.text),
                command=inline.command,
            )
        )
    return types.CompletionList(is_incomplete=True, items=items)


def _word_before(text: str, offset: int) -> str:
    start = offset
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return text[start:offset]


def _label(text: str) -> str:
    first, *more = text.strip().splitlines() or [""]
    return first[:_LONGEST_LABEL] + ("…" if more or len(first) > _LONGEST_LABEL else "")
