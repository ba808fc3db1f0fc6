"""`textDocument/completion` with the same text, for clients that know no inline completion."""

from typing import Any

from lsp_server.features.inline_completion import item_of
from lsp_server.messages import CompletionParams
from lsp_server.registry import Registry
from lsp_server.session import Session
from lsp_server.suggestions import Query, now_ms, suggest

SNIPPET_KIND = 15
_LONGEST_LABEL = 60


def register(registry: Registry) -> None:
    """Add the handlers."""
    registry.request("textDocument/completion", CompletionParams, completion)


async def completion(session: Session, params: CompletionParams) -> dict[str, Any]:
    """One item at most; incomplete, so that the client asks again as the text changes."""
    if not session.options.completion.fallback:
        return {"isIncomplete": False, "items": []}
    received = now_ms()
    document = session.document(params.text_document.uri)
    offset = document.offset_at(params.position)
    query = Query(document=document, text=document.text, offset=offset, invoked=False, received_ms=received)
    items = []
    for suggestion in (await suggest(session, query))[:1]:
        inline = item_of(document, suggestion)
        text = inline["insertText"]
        # Clients filter a list by the word at the cursor: the item has to begin with it.
        word = _word_before(document.text, offset)
        items.append(
            {
                "label": _label(word + text),
                "kind": SNIPPET_KIND,
                "detail": "spanfill",
                "documentation": word + text,
                "filterText": word + text,
                "sortText": "\u0001",
                "textEdit": {
                    "range": document.range_of(
                        offset - len(word), len(document.text) - len(suggestion.after)
                    ),
                    "newText": word + suggestion.text,
                },
                "command": inline["command"],
            }
        )
    return {"isIncomplete": True, "items": items}


def _word_before(text: str, offset: int) -> str:
    start = offset
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return text[start:offset]


def _label(text: str) -> str:
    first, *more = text.strip().splitlines() or [""]
    return first[:_LONGEST_LABEL] + ("…" if more or len(first) > _LONGEST_LABEL else "")
