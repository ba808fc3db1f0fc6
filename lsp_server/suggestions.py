"""From a cursor to suggestions: gate, memory, pause, model, trimming. Used by every kind of completion."""

import asyncio
import logging

from lsp_server import gates
from lsp_server.engine_host import Priority
from lsp_server.holes import Hole, insertion_end
from lsp_server.queries import Query, fill_request, now_ms, suggestion_of, worth_showing
from lsp_server.reuse import Suggestion
from lsp_server.session import Session, path_of
from lsp_server.speculation import keep_late
from runtime import FillCancelled, FillRequest, FillResult, SpanfillError

logger = logging.getLogger(__name__)

_GRACE_MS = 100.0
"""How much later than its budget a result may be: the pass that was running when it ended."""


async def suggest(session: Session, query: Query) -> list[Suggestion]:
    """Suggestions at a cursor, the best first; empty where there is nothing to say.

    Raises:
        SpanfillError: an invoked request failed. An automatic one never raises it.
    """
    if _refused(session, query) or not await _computed_ahead(session, query):
        return []
    known = session.memory.recall(*_key(query))
    if _enough(session, query, known):
        session.statistics.reused += 1
        return known[: _wanted(session, query)]
    if not query.invoked and not await _worth_asking(session, query):
        return []
    try:
        return await _ask(session, query, known)
    except FillCancelled:
        session.statistics.cancelled += 1
        return []
    except SpanfillError as error:
        if query.invoked:
            raise
        logger.warning("An automatic suggestion failed: %s", error)
        return []


def _refused(session: Session, query: Query) -> bool:
    """Whether nothing is to be suggested there."""
    reason = None if session.active or (query.invoked and session.options.enabled) else "spanfill is off"
    reason = reason or gates.refusal(
        query.document,
        path_of(query.document.uri),
        query.offset,
        options=session.options,
        privacy=session.privacy,
        invoked=query.invoked,
        text=query.text,
    )
    if reason is not None:
        logger.debug("No suggestion: %s", reason)
    return reason is not None


def _key(query: Query) -> tuple[str, str, str]:
    """The place of a query: its document, and the texts on both sides of what would be put in."""
    end = insertion_end(query.text, query.offset)
    return query.document.uri, query.text[: query.offset], query.text[end:]


async def _computed_ahead(session: Session, query: Query) -> bool:
    """Wait for a fill that runs ahead to just this place; False where its time is up before it is done."""
    ahead = session.ahead
    if ahead is None or ahead.done.is_set() or (ahead.uri, ahead.before, ahead.after) != _key(query):
        return True
    try:
        budget_s = None if query.invoked else session.options.completion.budget_ms / 1000
        await asyncio.wait_for(ahead.done.wait(), budget_s)
    except TimeoutError:
        return False  # it goes on, and is there for the next request
    return True


def _enough(session: Session, query: Query, known: list[Suggestion]) -> bool:
    """Whether what is known is an answer.

    Whoever asks by hand wants to choose, so one suggestion that came unasked is not enough. What is left of
    a choice after typing along some of it is, and comes at once: it is what the user was shown and goes on
    with. Asking once more at the same place is asking for others.
    """
    if not query.invoked:
        return bool(known)
    if len(known) >= session.options.completion.candidates:
        return True
    here = _key(query)
    again, session.offered_again = session.offered_again == here, None
    if again or not any(suggestion.chosen_among for suggestion in known):
        return False
    session.offered_again = here
    return True


def _beside(known: list[Suggestion], found: list[Suggestion]) -> list[Suggestion]:
    """What is on screen, unless something new goes on from it; then what is new."""
    shown = [one for one in known[:1] if not any(new.text.startswith(one.text) for new in found)]
    return [*shown, *found]


async def _worth_asking(session: Session, query: Query) -> bool:
    """Wait out the typing; False where the model should not be asked after all."""
    if query.document.deleting:
        return False
    if not session.host.loaded:
        session.host.preload()
        return False
    session.turn.set()
    turn = session.turn = asyncio.Event()
    delay = session.pacing.delay_ms(now_ms(), session.options.completion.debounce_ms)
    if delay <= 0:
        return True
    try:
        await asyncio.wait_for(turn.wait(), delay / 1000)
    except TimeoutError:
        return True
    return False


async def _ask(session: Session, query: Query, known: list[Suggestion]) -> list[Suggestion]:
    """What the model says, beside what is known already."""
    document, version = query.document, query.document.version
    started = now_ms()
    await session.looked_around(document)
    hole, request = fill_request(session, query)
    prepared_ms = now_ms() - started
    results = await _filled(session, query, hole, request)
    if not results:
        return []
    answered = now_ms()
    session.look_around(document)  # the files around may have changed
    shown: dict[str, str] = {}
    for result in results:
        text = worth_showing(session, query, hole, request, result)
        shown.setdefault(" ".join(text.split()), text)  # trimming may have made two the same
    suggestions = [suggestion_of(session, query, hole, text) for text in shown.values() if text]
    done = now_ms()
    session.pacing.model_answered(results[0].total_ms)
    session.statistics.add(results[0], done - query.received_ms, prepared_ms + done - answered)
    for suggestion in reversed(suggestions):  # memory looks at the newest first
        session.memory.remember(suggestion)
    if document.version != version or session.documents.get(document.uri) is not document:
        return []  # the next request finds them in memory if they still fit
    # From the cursor on, where the text agrees with the indentation that is there.
    before = query.text[: query.offset]
    found = [suggestion.at(before) or suggestion for suggestion in suggestions]
    return _beside(known, found)[: _wanted(session, query)]


async def _filled(session: Session, query: Query, hole: Hole, request: FillRequest) -> list[FillResult]:
    """Up to the number wanted of an invoked request; one of an automatic one, none if it took too long."""
    if not query.invoked:
        return await _in_time(session, query, hole, request)
    return await session.host.fill_several(request, Priority.AUTOMATIC, _wanted(session, query))


async def _in_time(session: Session, query: Query, hole: Hole, request: FillRequest) -> list[FillResult]:
    """An automatic request's result; none where its time is up while the model still reads the context.

    The model then reads on, and what it says is there when it is asked for again.
    """
    fill = asyncio.ensure_future(session.host.fill(request, Priority.AUTOMATIC))
    try:
        await asyncio.wait([fill], timeout=(session.options.completion.budget_ms + _GRACE_MS) / 1000)
    except asyncio.CancelledError:
        fill.cancel()
        raise
    if fill.done():
        return [fill.result()]
    session.spawn(keep_late(session, query, hole, request, fill))
    return []


def _wanted(session: Session, query: Query) -> int:
    return session.options.completion.candidates if query.invoked else 1
