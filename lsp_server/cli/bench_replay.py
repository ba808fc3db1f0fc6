"""Types a trace into the real server as an editor would, and counts what comes of it.

Every keystroke sends the change and asks for ghost text; a newer keystroke cancels the older question, as
editors do. Where the trace looks at the screen and the suggestion there is what the trace types next, it is
accepted and the typing that it saves is left out. Knows the protocol and clocks; prints nothing.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from lsp_server.cli.bench_client import Answer, BenchClient, now_ms
from lsp_server.cli.bench_trace import Event, Trace
from lsp_server.documents import Document
from lsp_server.positions import Position, Range

READING_MS = 250.0
"""How long a suggestion must have been on screen before it can be accepted."""
FORESIGHT = 400
"""How many events ahead it is looked for what a suggestion would have typed."""

PAUSE_MS = 500.0
HURRIED_MS = 60.0
"""When hurried, the longest interval between two keys of a word."""

NEWER_TOOK_ITS_PLACE = (-32800, -32801, -32802)
"""RequestCancelled, ContentModified, ServerCancelled (LSP 3.17)."""


@dataclass(slots=True)
class Typing:
    """What came of the keystrokes so far."""

    keystrokes: int = 0
    questions: int = 0
    """Requests for ghost text: one after each keystroke, one after each acceptance."""
    characters: int = 0
    """Characters that stand in the text by typing or accepting, corrections counted twice."""
    model_calls: int = 0
    """Fills that were begun for a keystroke."""
    calls_ahead: int = 0
    """Fills that ran while nobody waited."""
    from_memory: int = 0
    """Questions answered with a suggestion and without a model call."""
    superseded: int = 0
    """Questions that a newer one cancelled."""
    empty: int = 0
    """Questions answered with nothing to suggest."""
    accepted: int = 0
    accepted_characters: int = 0
    errors: list[str] = field(default_factory=list)
    modelled_ms: list[float] = field(default_factory=list)
    """From sending the change to the suggestion, where the model was asked."""
    remembered_ms: list[float] = field(default_factory=list)
    """The same where it was not."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A suggestion on the screen."""

    item: Any
    since_ms: float


class Replay:
    """One trace at one server."""

    def __init__(self, client: BenchClient, trace: Trace, uri: str, typing: Typing, hurried: bool) -> None:
        """`hurried`: pauses end with the answer, and keys follow each other quicker than anyone types."""
        self._client = client
        self._trace = trace
        self._document = Document(uri, trace.text, version=1, language=trace.language)
        self._typing = typing
        self._hurried = hurried
        self._shown: _Shown | None = None
        self._asked: asyncio.Task[None] | None = None
        self._asked_id = 0
        self._sent_ms = 0.0
        self._all: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Open the text, type, close it.

        Raises:
            SpanfillError: the server ended.
        """
        document, events = self._document, self._trace.events
        item = {"uri": document.uri, "languageId": document.language, "version": 1, "text": document.text}
        self._client.notify("textDocument/didOpen", {"textDocument": item})
        seen = len(self._client.notices)
        index, began, saved_ms = 0, now_ms(), 0.0
        while index < len(events):
            event = events[index]
            index += 1
            saved_ms += await self._wait_for(began + event.ms - saved_ms)
            if self._asked is not None and self._asked.done():
                self._asked.result()  # where the server has ended, there is nobody to type for
            if not event.look:
                self._press(event)
                continue
            ahead = self._accept(index)
            if ahead is not None:
                index += ahead
                saved_ms += events[index - 1].ms - event.ms
        for task in self._all:
            await task
        self._client.notify("textDocument/didClose", {"textDocument": {"uri": document.uri}})
        self._count_calls(seen)

    async def _wait_for(self, due_ms: float) -> float:
        """Wait until an event is due; answers how much sooner it comes because of the hurry."""
        left_s = (due_ms - now_ms()) / 1e3
        if left_s <= 0:
            return 0.0
        if not self._hurried:
            await asyncio.sleep(left_s)
            return 0.0
        if left_s * 1e3 < PAUSE_MS:
            await asyncio.sleep(min(left_s, HURRIED_MS / 1e3))
        elif self._asked is not None:
            await asyncio.wait([self._asked], timeout=left_s)
        return max(0.0, due_ms - now_ms())

    def _press(self, event: Event) -> None:
        self._typing.keystrokes += 1
        self._change(event.at, event.delete, event.insert)
        self._ask(event.cursor)

    def _change(self, at: int, delete: int, insert: str) -> None:
        document = self._document
        span = document.range_of(at, at + delete)
        document.apply(span, insert)
        document.version += 1
        self._typing.characters += len(insert)
        self._shown = None
        change = {"range": _range_json(span), "text": insert}
        identity = {"uri": document.uri, "version": document.version}
        self._sent_ms = now_ms()
        params = {"textDocument": identity, "contentChanges": [change]}
        self._client.notify("textDocument/didChange", params)

    def _ask(self, cursor: int) -> None:
        """Ask for ghost text, in place of the question before."""
        if self._asked is not None and not self._asked.done():
            self._client.notify("$/cancelRequest", {"id": self._asked_id})
        position = self._document.position_at(cursor)
        params = {
            "textDocument": {"uri": self._document.uri},
            "position": {"line": position.line, "character": position.character},
            "context": {"triggerKind": 2},
        }
        seen = len(self._client.notices)
        self._typing.questions += 1
        self._asked_id = self._client.begin("textDocument/inlineCompletion", params)
        self._asked = asyncio.ensure_future(self._hear(self._asked_id, self._sent_ms, seen))
        self._all.append(self._asked)

    async def _hear(self, identifier: int, sent_ms: float, seen: int) -> None:
        answer = await self._client.answer(identifier, sent_ms)
        typing = self._typing
        if answer.error is not None and answer.error.get("code") not in NEWER_TOOK_ITS_PLACE:
            typing.errors.append(str(answer.error.get("message")))
        elif answer.error is not None or identifier != self._asked_id:
            typing.superseded += 1
        elif not answer.result["items"]:
            typing.empty += 1
        else:
            self._suggested(answer, seen)

    def _suggested(self, answer: Answer, seen: int) -> None:
        self._shown = _Shown(answer.result["items"][0], now_ms())
        if any(_state(notice.params) == "busy" for notice in self._client.notices[seen:]):
            self._typing.modelled_ms.append(answer.took_ms)
        else:
            self._typing.from_memory += 1
            self._typing.remembered_ms.append(answer.took_ms)

    def _accept(self, index: int) -> int | None:
        """Accept what is shown if events from `index` on type just that; answers how many it replaces."""
        shown = self._shown
        if shown is None or (now_ms() - shown.since_ms < READING_MS and not self._hurried):
            return None
        document, item = self._document, shown.item
        start, end = document.offsets_of(_range_of(item["range"]))
        accepted = document.text[:start] + item["insertText"] + document.text[end:]
        ahead = _arrival(document.text, self._trace.events[index : index + FORESIGHT], accepted)
        if ahead is None:
            return None
        typing = self._typing
        typing.accepted += 1
        typing.accepted_characters += len(item["insertText"]) - (end - start)
        self._change(start, end - start, item["insertText"])
        if "command" in item:
            command = {"command": item["command"]["command"], "arguments": item["command"]["arguments"]}
            identifier = self._client.begin("workspace/executeCommand", command)
            self._all.append(asyncio.ensure_future(self._accepted(identifier)))
        self._ask(start + len(item["insertText"]))
        return ahead

    async def _accepted(self, identifier: int) -> None:
        answer = await self._client.answer(identifier, now_ms())
        if answer.error is not None:
            self._typing.errors.append(str(answer.error.get("message")))

    def _count_calls(self, seen: int) -> None:
        """A fill that someone waits for reports `busy`, then `ready`; one that runs ahead only `ready`."""
        busy = False
        for notice in self._client.notices[seen:]:
            state = _state(notice.params) if notice.method == "spanfill/status" else None
            if state == "busy":
                self._typing.model_calls += 1
                busy = True
            elif state == "ready":
                self._typing.calls_ahead += not busy
                busy = False
            elif state == "error":
                self._typing.errors.append(str(notice.params.get("detail")))


def _arrival(text: str, events: tuple[Event, ...], wanted: str) -> int | None:
    """After how many of `events` the text is `wanted`; None where it never is."""
    for number, event in enumerate(events, 1):
        if not event.look:
            text = event.applied(text)
            if len(text) == len(wanted) and text == wanted:
                return number
    return None


def _state(params: Any) -> str | None:
    return params.get("state") if isinstance(params, dict) else None


def _range_json(span: Range) -> dict[str, Any]:
    return {
        "start": {"line": span.start.line, "character": span.start.character},
        "end": {"line": span.end.line, "character": span.end.character},
    }


def _range_of(raw: Any) -> Range:
    ends = [Position(raw[end]["line"], raw[end]["character"]) for end in ("start", "end")]
    return Range(*ends)
