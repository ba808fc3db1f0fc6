"""Texts computed while nobody waits, and put into the memory for when they are asked for."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from lsp_server.engine_host import Priority
from lsp_server.holes import Hole
from lsp_server.queries import Query, fill_request, suggestion_of, worth_showing
from lsp_server.reuse import Suggestion
from lsp_server.session import Ahead, Session
from runtime import FillRequest, FillResult, SpanfillError


async def speculate(session: Session, query: Query, suggestion: Suggestion) -> None:
    """What would be suggested next if `suggestion`, which is on screen, were accepted."""
    await asyncio.sleep(0)  # the suggestion itself goes out first
    head = suggestion.before + suggestion.text
    accepted = replace(query, text=head + suggestion.after, offset=len(head), invoked=False)
    hole, request = fill_request(session, accepted)
    with _ahead(session, accepted, hole):
        await _filled(session, accepted, hole, request)


async def keep_late(
    session: Session,
    query: Query,
    hole: Hole,
    request: FillRequest,
    running: "asyncio.Future[FillResult]",
) -> None:
    """Remember what a fill comes to whose time was up; where that cut its text off, write it to the end."""
    with _ahead(session, query, hole):
        try:
            result = await running
        except SpanfillError:
            return  # a newer request took its place, or nobody waits to be told
        session.pacing.model_answered(result.total_ms)
        if result.stop_reason != "budget":
            _remember(session, query, hole, request, result)
        elif session.options.completion.speculate:
            await _filled(session, query, hole, request)


@contextmanager
def _ahead(session: Session, query: Query, hole: Hole) -> Iterator[None]:
    """Who asks at this place meanwhile waits for what is computed."""
    before, after = query.text[: query.offset], query.text[hole.end :]
    ahead = session.ahead = Ahead(query.document.uri, before, after, asyncio.Event())
    try:
        yield
    finally:
        ahead.done.set()


async def _filled(session: Session, query: Query, hole: Hole, request: FillRequest) -> None:
    """Remember what is suggested at `query`, unless the engine is wanted meanwhile. It may take its time."""
    try:
        result = await session.host.fill(replace(request, budget_ms=None), Priority.IDLE)
    except SpanfillError:
        return  # the engine is wanted, or has failed: whoever asks for this text in earnest is told
    _remember(session, query, hole, request, result)


def _remember(session: Session, query: Query, hole: Hole, request: FillRequest, result: FillResult) -> None:
    text = worth_showing(session, query, hole, request, result)
    if text:
        session.memory.remember(suggestion_of(session, query, hole, text))
