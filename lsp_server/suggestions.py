"""From a cursor to suggestions: gate, memory, pause, model, trimming. Used by every kind of completion."""

import asyncio
import logging
import math
import time
from dataclasses import dataclass, replace

from lsp_server import gates, indentation
from lsp_server.engine_host import Priority
from lsp_server.fill_requests import request_for
from lsp_server.holes import Hole, SyntaxSource, insertion_end
from lsp_server.languages import language_by_id
from lsp_server.open_document import OpenDocument
from lsp_server.reuse import Suggestion
from lsp_server.session import Session, path_of
from lsp_server.trimming import Place, trim
from runtime import FillCancelled, FillRequest, FillResult, Mode, SpanfillError

logger = logging.getLogger(__name__)

AUTOMATIC_TOKENS: dict[Mode, int] = {"line": 48, "block": 96, "function": 192, "region": 96}
"""Most tokens of an unasked suggestion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Where a suggestion is asked for."""

    document: OpenDocument
    text: str
    """The document's text, or that text with the client's selected completion in place."""
    offset: int
    invoked: bool
    received_ms: float


def now_ms() -> float:
    """A monotonic clock in milliseconds."""
    return time.perf_counter() * 1000


async def suggest(session: Session, query: Query) -> list[Suggestion]:
    """Suggestions at a cursor, the best first; empty where there is nothing to say.

    Raises:
        SpanfillError: an invoked request failed. An automatic one never raises it.
    """
    path = path_of(query.document.uri)
    reason = None if session.active or (query.invoked and session.options.enabled) else "spanfill is off"
    reason = reason or gates.refusal(
        query.document,
        path,
        query.offset,
        options=session.options,
        privacy=session.privacy,
        invoked=query.invoked,
        text=query.text,
    )
    if reason is not None:
        logger.debug("No suggestion: %s", reason)
        return []
    known = await _recalled(session, query)
    # Whoever asks for suggestions by hand wants to choose: one that is known is not enough.
    wanted = _wanted(session, query)
    if len(known) >= wanted:
        session.statistics.reused += 1
        return known[:wanted]
    if not query.invoked and not await _worth_asking(session, query):
        return []
    try:
        return await _ask(session, query)
    except FillCancelled:
        session.statistics.cancelled += 1
        return []
    except SpanfillError as error:
        if query.invoked:
            raise
        logger.warning("An automatic suggestion failed: %s", error)
        return []


async def _recalled(session: Session, query: Query) -> list[Suggestion]:
    """What memory has for the cursor, or will have once the fill that runs ahead is done."""
    end = insertion_end(query.text, query.offset)
    key = (query.document.uri, query.text[: query.offset], query.text[end:])
    ahead = session.ahead
    if ahead is not None and (ahead.uri, ahead.before, ahead.after) == key:
        await ahead.done.wait()
    return session.memory.recall(*key)


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


async def _ask(session: Session, query: Query) -> list[Suggestion]:
    document, version = query.document, query.document.version
    await session.looked_around(document)
    started = now_ms()
    hole, request = fill_request(session, query)
    prepared_ms = now_ms() - started
    results = await _filled(session, query, request)
    answered = now_ms()
    shown: dict[str, str] = {}
    for result in results:
        text = _worth_showing(session, query, hole, request, result)
        shown.setdefault(" ".join(text.split()), text)  # trimming may have made two the same
    suggestions = [
        Suggestion(
            id=session.next_id(),
            uri=document.uri,
            before=query.text[: hole.start],
            after=query.text[hole.end :],
            text=text,
        )
        for text in shown.values()
        if text
    ]
    done = now_ms()
    session.pacing.model_answered(results[0].total_ms)
    session.statistics.add(results[0], done - query.received_ms, prepared_ms + done - answered)
    for suggestion in reversed(suggestions):  # memory looks at the newest first
        session.memory.remember(suggestion)
    if document.version != version or session.documents.get(document.uri) is not document:
        return []  # the next request finds them in memory if they still fit
    # From the cursor on, where the text agrees with the indentation that is there.
    before = query.text[: query.offset]
    return [suggestion.at(before) or suggestion for suggestion in suggestions]


async def _filled(session: Session, query: Query, request: FillRequest) -> list[FillResult]:
    """One result for an automatic request, up to the number wanted for an invoked one."""
    wanted = _wanted(session, query)
    if wanted == 1:
        return [await session.host.fill(request, Priority.AUTOMATIC)]
    return await session.host.fill_several(request, Priority.AUTOMATIC, wanted)


def _wanted(session: Session, query: Query) -> int:
    return session.options.completion.candidates if query.invoked else 1


def _worth_showing(
    session: Session, query: Query, hole: Hole, request: FillRequest, result: FillResult
) -> str:
    """A result's text as it is shown; empty where it should not be."""
    options = session.options.completion
    if math.exp(min(0.0, result.mean_logprob)) < options.min_confidence:
        return ""
    text = shown_text(query.text, hole, request, _whole_lines(result), query.document)
    if query.invoked:
        return text
    return "".join(indentation.split_lines(text)[: options.max_lines]).rstrip("\r\n")


def fill_request(session: Session, query: Query) -> tuple[Hole, FillRequest]:
    """The hole at a query's cursor and the request for it."""
    options = session.options
    unchanged = query.text is query.document.text
    syntax: SyntaxSource = query.document.syntax if unchanged else _no_syntax
    mode: Mode | None = None if options.completion.multi_line or query.invoked else "line"
    hole, request = request_for(
        query.text,
        query.offset,
        None,
        mode,
        query.document.language,
        path=session.shown_path(path_of(query.document.uri)),
        limits=session.context_limits,
        syntax=syntax,
        context=session.other_files(query.document, query.text, query.offset),
        sampler=options.model.sampler,
    )
    if query.invoked:
        return hole, request
    # One layout for all that is unasked: another would take the context out of the engine's cache.
    layouts = getattr(session.host.manifest, "layouts", ())
    return hole, replace(
        request,
        layout="fim" if "fim" in layouts else "auto",
        max_tokens=AUTOMATIC_TOKENS[hole.mode],
        budget_ms=options.completion.budget_ms,
    )


def _no_syntax() -> None:
    return None


def shown_text(
    text: str, hole: Hole, request: FillRequest, result: FillResult, document: OpenDocument
) -> str:
    """The result's text, trimmed to its place in `text`."""
    place = Place(
        prefix=request.prefix,
        suffix=request.suffix,
        mode=hole.mode,
        language=language_by_id(document.language),
        unit=indentation.unit(text),
        eol=document.eol,
    )
    return trim(result.text, place)


def _whole_lines(result: FillResult) -> FillResult:
    """The result without a last line that time or length cut off, where it has others."""
    head, broken, _ = result.text.rpartition("\n")
    if result.stop_reason in ("budget", "length") and broken and head.strip():
        return replace(result, text=head)
    return result
