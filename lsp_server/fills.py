"""An invoked fill from start to end: the hole, the live frames, and an edit that is right or refused."""

import asyncio
from dataclasses import dataclass
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcRequestCancelled

from lsp_server.conversion import position_of, protocol_range, range_of
from lsp_server.engine_host import Priority
from lsp_server.fill_requests import MAX_TOKENS, encodable, request_for
from lsp_server.holes import Hole, statement_span
from lsp_server.messages import FRAME, FillParams
from lsp_server.open_document import OpenDocument
from lsp_server.progress import Report, reported
from lsp_server.queries import now_ms, shown_text
from lsp_server.session import Session, path_of
from runtime import FillCancelled, FillRequest, FillResult, Frame, Mode, UsageError

_STALE = "The text changed while it was being filled; nothing was edited."
CHAT = "chat"
"""The name of the layout that takes instructions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Started:
    """A fill under way, and the text it began with."""

    id: str
    document: OpenDocument
    version: int
    before: str
    """The text then."""
    hole: Hole
    frames: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled(_Started):
    """What a fill came to."""

    text: str
    result: FillResult

    @property
    def range(self) -> types.Range:
        """What the text takes the place of."""
        return protocol_range(self.document.range_of(self.hole.start, self.hole.end))

    def edit(self, *, versioned: bool = True) -> types.WorkspaceEdit:
        """The edit; without versions for clients that do not know them."""
        change = types.TextEdit(self.range, self.text)
        if not versioned:
            return types.WorkspaceEdit(changes={self.document.uri: [change]})
        where = types.OptionalVersionedTextDocumentIdentifier(self.document.uri, self.version)
        return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(where, [change])])

    def answer(self) -> dict[str, Any]:
        """The answer of `spanfill/fill`."""
        result = self.result
        return {
            "id": self.id,
            "text": self.text,
            "range": self.range,
            "edit": self.edit(),
            "statistics": {
                "mode": self.hole.mode,
                "model": result.model,
                "sampler": result.sampler,
                "device": result.device,
                "layout": result.layout,
                "stopReason": result.stop_reason,
                "tokens": result.tokens,
                "passes": result.passes,
                "tokensPerPass": result.tokens_per_pass,
                "promptTokens": result.prompt_tokens,
                "cachedTokens": result.cached_tokens,
                "prefillMs": result.prefill_ms,
                "decodeMs": result.decode_ms,
                "totalMs": result.total_ms,
            },
        }


async def fill(session: Session, params: FillParams, title: str = "Filling") -> Filled:
    """Fill what `params` names; with `apply`, put it into the client's text.

    Raises:
        JsonRpcContentModified: the text changed meanwhile, or the client refused the edit.
        SpanfillError: there is nothing to fill, the place is secret, or the model failed.
    """
    received = now_ms()
    document = session.document(params.text_document.uri)
    version, before = document.version, document.text
    if params.text_document.version not in (None, version):
        raise JsonRpcContentModified("The text has changed since; nothing was edited.")
    await session.looked_around(document)
    if document.text is not before:
        raise JsonRpcContentModified(_STALE)  # the place in the request is one of the text as it was
    hole, request = _request(session, document, params)
    started = _Started(
        id=params.id or session.next_id(),
        document=document,
        version=version,
        before=before,
        hole=hole,
        frames=params.frames,
    )
    async with reported(session, f"{title} with spanfill", params.work_done_token) as report:
        result = await _run(session, started, request, report)
    if _stale(session, started):
        raise JsonRpcContentModified(_STALE)
    text = shown_text(before, hole, request, result, document)
    session.look_around(document)  # the files around may have changed
    latency_ms = now_ms() - received
    session.statistics.add(result, latency_ms, max(0.0, latency_ms - result.total_ms))
    filled = Filled(
        id=started.id,
        document=document,
        version=version,
        before=before,
        hole=hole,
        text=text,
        result=result,
    )
    if params.apply:
        await _apply(session, filled, title)
    return filled


async def explanation(session: Session, params: FillParams, token: object = None) -> str:
    """What a selection does, in words.

    Raises:
        SpanfillError: the model takes no instructions, or failed.
    """
    document = session.document(params.text_document.uri)
    start, end = _span(document, params)
    code = document.text[start : end or start]
    instruction = encodable(
        f"Explain in a few sentences what this code does.\n```{document.language}\n{code}\n```"
    )
    _check_allowed(session, document, instruction)
    request = FillRequest(
        prefix="", mode="region", layout=CHAT, instruction=instruction, language="markdown", max_tokens=256
    )
    async with reported(session, "Explaining with spanfill", token):
        try:
            result = await session.host.fill(request, Priority.INVOKED)
        except FillCancelled:
            raise JsonRpcRequestCancelled("A newer request took this one's place.") from None
    text: str = result.text.strip()
    return text


def _check_allowed(session: Session, document: OpenDocument, instruction: str) -> None:
    if not session.options.enabled:
        raise UsageError("spanfill is disabled in the settings.")
    if session.privacy.secret(path_of(document.uri)):
        raise UsageError("This file may hold secrets, so spanfill does not read it.")
    if instruction and session.host.loaded and not session.chat:
        raise UsageError("This model takes no instructions; choose one with a chat layout.")


def _request(session: Session, document: OpenDocument, params: FillParams) -> tuple[Hole, FillRequest]:
    _check_allowed(session, document, params.instruction)
    path = path_of(document.uri)
    start, end = _span(document, params)
    mode: Mode | None = None
    if params.mode == "statement":
        start, end = statement_span(document.text, start, document.language, syntax=document.syntax)
        mode = "region"
    else:
        mode = params.mode
    limit = session.options.fill.max_tokens
    hole, request = request_for(
        document.text,
        start,
        end,
        mode,
        document.language,
        path=session.shown_path(path),
        limits=session.context_limits,
        syntax=document.syntax,
        context=session.other_files(document, document.text, start),
        instruction=_spelled_out(params.instruction, document, start, end),
        layout=CHAT if params.instruction else "auto",
        sampler=session.options.model.sampler,
        max_tokens=params.max_tokens or (limit if mode in (None, "function", "region") else MAX_TOKENS[mode]),
    )
    return hole, request


def _spelled_out(instruction: str, document: OpenDocument, start: int, end: int | None) -> str:
    """An instruction with the code it is about: a chat layout shows the model nothing else of the hole."""
    if not instruction or end is None:
        return instruction
    code = document.text[start:end].strip("\r\n")
    return f"{instruction}\nAnswer with the new code alone.\n```{document.language}\n{code}\n```"


def _span(document: OpenDocument, params: FillParams) -> tuple[int, int | None]:
    if params.range is None:
        if params.position is None:
            raise UsageError("A fill needs a position or a range.")
        return document.offset_at(position_of(params.position)), None
    start, end = document.offsets_of(range_of(params.range))
    line = document.line_of(end)
    if start < document.line_start(line) == end:
        # Whole lines are selected up to the start of the next: its line break stays.
        end = max(start, document.line_end(line - 1))
    return start, end if end > start else None


async def _run(session: Session, started: _Started, request: FillRequest, report: Report) -> FillResult:
    document, hole = started.document, started.hole
    where = protocol_range(document.range_of(hole.start, hole.end))

    def on_frame(frame: Frame) -> None:
        if running not in session.filling or _stale(session, started):
            return  # it was on its way when the fill ended
        report(f"pass {frame.pass_index}, {frame.committed_tokens} tokens")
        if started.frames:
            session.notify(FRAME, _frame(frame, started) | {"range": where})

    running = asyncio.ensure_future(session.host.fill(request, Priority.INVOKED, on_frame))
    session.filling[running] = document.uri
    try:
        return await running
    except asyncio.CancelledError:
        running.cancel()
        if _stale(session, started):
            raise JsonRpcContentModified(_STALE) from None
        raise
    except FillCancelled:
        raise JsonRpcRequestCancelled("A newer request took this one's place.") from None
    finally:
        del session.filling[running]


def _stale(session: Session, started: _Started) -> bool:
    document = started.document
    unchanged = document.version == started.version and document.text is started.before
    return not unchanged or session.documents.get(document.uri) is not document


def _frame(frame: Frame, started: _Started) -> dict[str, Any]:
    return {
        "id": started.id,
        "textDocument": {"uri": started.document.uri, "version": started.version},
        "text": frame.text,
        "slots": [{"text": text, "state": state} for text, state in frame.pieces],
        "pass": frame.pass_index,
        "committedTokens": frame.committed_tokens,
        "elapsedMs": frame.elapsed_ms,
        "tokensPerSecond": frame.tokens_per_second,
    }


async def _apply(session: Session, filled: Filled, label: str) -> None:
    versioned = bool(session.capability("workspace.workspace_edit.document_changes"))
    answer = await session.server.workspace_apply_edit_async(
        types.ApplyWorkspaceEditParams(label=label, edit=filled.edit(versioned=versioned))
    )
    if not answer.applied:
        reason = f": {answer.failure_reason}" if answer.failure_reason else ""
        raise JsonRpcContentModified(f"The editor refused the edit{reason}.")
