"""What would be suggested next if the suggestion on screen were accepted, computed while nobody waits."""

import asyncio
from dataclasses import replace

from lsp_server.engine_host import Priority
from lsp_server.reuse import Suggestion
from lsp_server.session import Ahead, Session
from lsp_server.suggestions import Query, fill_request, shown_text
from runtime import FillCancelled, SpanfillError


async def speculate(session: Session, query: Query, suggestion: Suggestion) -> None:
    """Put the text after `suggestion`'s acceptance into the memory, unless the engine is wanted meanwhile."""
    head = suggestion.before + suggestion.text
    accepted = replace(query, text=head + suggestion.after, offset=len(head), invoked=False)
    hole, request = fill_request(session, accepted)
    before, after = accepted.text[: hole.start], accepted.text[hole.end :]
    ahead = session.ahead = Ahead(suggestion.uri, head, after, asyncio.Event())
    try:
        result = await session.host.fill(request, Priority.IDLE)
        text = shown_text(accepted.text, hole, request, result, query.document)
        if text:
            following = replace(suggestion, id=session.next_id(), before=before, after=after, text=text)
            session.memory.remember(following)
    except FillCancelled:
        return
    except SpanfillError:
        return  # whoever asks for this text in earnest is told
    finally:
        ahead.done.set()
