"""A place where a suggestion is asked for: from there to the model's request, and from its answer to text.

Knows the session's settings and documents; asks no model.
"""

import math
import time
from dataclasses import dataclass, replace

from lsp_server import indentation
from lsp_server.fill_requests import request_for
from lsp_server.holes import Hole, SyntaxSource
from lsp_server.languages import language_by_id
from lsp_server.open_document import OpenDocument
from lsp_server.reuse import Suggestion
from lsp_server.session import Session, path_of
from lsp_server.trimming import Place, trim
from runtime import FillRequest, FillResult, Mode

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


def worth_showing(
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


def suggestion_of(session: Session, query: Query, hole: Hole, text: str) -> Suggestion:
    """A text for a query's hole as it is remembered."""
    return Suggestion(
        id=session.next_id(),
        uri=query.document.uri,
        before=query.text[: hole.start],
        after=query.text[hole.end :],
        text=text,
        chosen_among=query.invoked,
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
