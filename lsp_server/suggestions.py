"""From a cursor to suggestions: gate, memory, pause, model, trimming. Used by every kind of completion."""

import asyncio
import logging
import math
import time
from dataclasses import dataclass, replace

from lsp_server import gates, indentation
from lsp_server.context import ContextLimits
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
    )
    if reason is not None:
        logger.debug("No suggestion: %s", reason)
        return []
    known = await _recalled(session, query)
    if known is not None:
        session.statistics.reused += 1
        return [known]
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


async def _recalled(session: Session, query: Query) -> Suggestion | None:
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
    document, version, options = query.document, query.document.version, session.options
    started = now_ms()
    hole, request = fill_request(session, query)
    prepared_ms = now_ms() - started
    result = await session.host.fill(request, Priority.AUTOMATIC)
    answered = now_ms()
    text = shown_text(query.text, hole, request, _whole_lines(result), document)
    if not query.invoked:
        text = "".join(indentation.split_lines(text)[: options.completion.max_lines]).rstrip("\r\n")
    latency_ms = answered - query.received_ms
    session.pacing.model_answered(result.total_ms)
    session.statistics.add(result, latency_ms, prepared_ms + now_ms() - answered)
    if not text or math.exp(min(0.0, result.mean_logprob)) < options.completion.min_confidence:
        return []
    suggestion = Suggestion(
        id=session.next_id(),
        uri=document.uri,
        before=query.text[: hole.start],
        after=query.text[hole.end :],
        text=text,
    )
    session.memory.remember(suggestion)
    if document.version != version or session.documents.get(document.uri) is not document:
        return []  # the next request finds it in memory if it still fits
    # From the cursor on, where the text agrees with the indentation that is there.
    suggestion = (
        session.memory.recall(document.uri, query.text[: query.offset], suggestion.after) or suggestion
    )
    return (
        [suggestion, *_shorter(suggestion)][: options.completion.candidates]
        if query.invoked
        else [suggestion]
    )


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
        path=path_name(session, path_of(query.document.uri)),
        limits=limits_of(session),
        syntax=syntax,
        context=session.other_files(query.document),
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


def limits_of(session: Session) -> ContextLimits:
    """The windows the settings ask for."""
    context = session.options.context
    return ContextLimits(
        prefix_tokens=context.prefix_tokens,
        suffix_tokens=context.suffix_tokens,
        other_files_tokens=context.other_files_tokens,
    )


def path_name(session: Session, path: str) -> str:
    """A file's name as the model sees it: from the workspace's root on, never the user's folders."""
    for root in session.roots:
        if path.startswith(root.as_posix() + "/"):
            return path[len(root.as_posix()) + 1 :]
    return path.rsplit("/", 1)[-1]


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


def _shorter(suggestion: Suggestion) -> list[Suggestion]:
    """The suggestion's first line and its first block, where they are less than the whole."""
    lines = indentation.split_lines(suggestion.text)
    firsts = next((index for index, line in enumerate(lines) if line.strip()), 0) + 1
    blank = next((index for index in range(firsts, len(lines)) if not lines[index].strip()), firsts)
    texts = ["".join(lines[:count]).rstrip("\r\n") for count in dict.fromkeys((blank, firsts))]
    return [
        replace(suggestion, id=f"{suggestion.id}.{number}", text=text)
        for number, text in enumerate(texts, 2)
        if text.strip() and text != suggestion.text
    ]
