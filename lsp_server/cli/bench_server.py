"""What each kind of request takes at the real server process, over stdio, in a file of 2,000 lines.

Each time is taken at the client: encoding, pipes and the server's own work are in it. Where a model ran, the
time is told twice, the second time without what the engine says it took itself: that is everything from the
request to the model's call and from its last pass to the answer. Prints nothing.
"""

import asyncio
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from lsp_server.cli.bench_case import Case
from lsp_server.cli.bench_client import Answer, BenchClient, now_ms
from lsp_server.cli.bench_plan import Plan, Tell
from lsp_server.cli.bench_start import PING, starts
from lsp_server.cli.long_file import Gap, gaps, long_file
from runtime.errors import SpanfillError

LINES = 2000
PLACES = 8
WRITTEN_TOKENS = 24
"""Most tokens of a measured region fill; a line ends by itself."""
CANCELLED_TOKENS = 256

URI = "file:///spanfill-bench/long.py"
OTHER_URI = "file:///spanfill-bench/other.py"
WITHOUT = "without the model"

Samples = dict[str, list[float]]


def server_cases(plan: Plan, tell: Tell) -> Iterator[Case]:
    """Measure every kind of request; `plan.repeat` times at each of several places.

    When interrupted, what is measured by then is given, and the interruption raised after it.

    Raises:
        SpanfillError: the server ended or did not answer, or the model can't be used.
    """
    tell("server start", 0.0)
    for name, values in asyncio.run(starts(plan)).items():
        yield Case.of(name, "ms", values)
    requests = _Requests(plan, tell)
    stopped: KeyboardInterrupt | None = None
    try:
        asyncio.run(requests.measure())
    except KeyboardInterrupt as interruption:
        stopped = interruption
    yield from requests.cases()
    if stopped is not None:
        raise stopped


class _Requests:
    """One server, one long file, and the times of everything that is asked about it."""

    def __init__(self, plan: Plan, tell: Tell) -> None:
        self._settings = {
            "model": plan.settings,
            # Working ahead would put passes that nobody waits for into the next request's time.
            "completion": {"debounceMs": 0, "speculate": False, "fallback": True},
        }
        self._repeat = plan.repeat
        self._tell = tell
        self._client = BenchClient()
        self._text = long_file(LINES)
        self._lines = self._text.split("\n")
        self._version = 1
        self._edits = 0
        self._resident_mb: float | None = None
        self._pings: list[float] = []
        self._changes: list[float] = []
        self._opens: list[float] = []
        self._samples: Samples = defaultdict(list)

    async def measure(self) -> None:
        """Ask everything everywhere."""
        async with self._client:
            await self._begin()
            places = gaps(self._text, PLACES)
            for number, gap in enumerate(places):
                self._tell("requests to the server", number / PLACES)
                await self._at(gap)
            self._tell("cancelling at the server", 0.0)
            await self._cancels(places)
            self._resident_mb = self._client.resident_mb()

    def cases(self) -> Iterator[Case]:
        """What has been measured so far."""
        ping = statistics.median(self._pings) if self._pings else 0.0
        edits = {
            "didOpen": [max(0.0, took - ping) for took in self._opens],
            "didChange": [max(0.0, took - ping) for took in self._changes],
        }
        for name, values in {**edits, **self._samples}.items():
            if values:
                yield Case.of(f"server: {name}", "ms", values)
        if self._resident_mb is not None:
            yield Case(name="server: resident memory, serving", unit="MB", ours=self._resident_mb)

    async def _begin(self) -> None:
        client = self._client
        capabilities = {"workspace": {"workspaceEdit": {"documentChanges": True}}}
        greeting = {"capabilities": capabilities, "initializationOptions": self._settings}
        await client.request("initialize", greeting)
        client.notify("initialized", {})
        status = await client.until("spanfill/status", lambda status: status["state"] in ("ready", "error"))
        if status.params["state"] == "error":
            raise SpanfillError(status.params["detail"])
        for _ in range(4 * self._repeat):
            self._opens.append(await self._pinged_after(lambda: self._open(OTHER_URI)))
            client.notify("textDocument/didClose", {"textDocument": {"uri": OTHER_URI}})
            self._pings.append((await client.request(PING, None)).took_ms)
        self._open(URI)
        await self._filled("warming up", "spanfill/fill", self._fill_params(gaps(self._text, 1)[0]))
        self._samples.clear()  # the first fill allocates, and the first of everything imports

    def _open(self, uri: str) -> None:
        item = {"uri": uri, "languageId": "python", "version": 1, "text": self._text}
        self._client.notify("textDocument/didOpen", {"textDocument": item})

    async def _pinged_after(self, notify: Callable[[], None]) -> float:
        """How long notifying takes until a request behind it is answered."""
        began = now_ms()
        notify()
        await self._client.request(PING, None)
        return now_ms() - began

    async def _at(self, gap: Gap) -> None:
        """Everything that can be asked where a line is half written."""
        where = {"line": gap.line, "character": gap.column}
        await self._change(gap.line, gap.column, gap.column + len(gap.rest), "")
        cursor = {"textDocument": {"uri": URI}, "position": where}
        fill = self._fill_params(gap)
        spot = {**fill, "range": {"start": where, "end": where}, "mode": "region"}
        del spot["position"]
        command = {"command": "spanfill.fillSelection", "arguments": [spot]}
        for _ in range(self._repeat):
            shown = await self._inline(cursor, "automatic", 2)
            if shown is not None:
                await self._reuse(gap, cursor, shown)
            await self._inline(cursor, "invoked", 1)
            await self._typed(gap.line)
            await self._filled("completion", "textDocument/completion", cursor)
            await self._typed(gap.line)
            await self._filled("spanfill/fill", "spanfill/fill", fill)
            await self._typed(gap.line)
            await self._filled("executeCommand fillSelection", "workspace/executeCommand", command)
            await self._typed(gap.line)
            await self._actions(gap)
        await self._change(gap.line, gap.column, gap.column, gap.rest)

    def _fill_params(self, gap: Gap) -> dict[str, Any]:
        return {
            "textDocument": {"uri": URI},
            "position": {"line": gap.line, "character": gap.column},
            "mode": "line",
            "maxTokens": WRITTEN_TOKENS,
        }

    async def _inline(self, cursor: dict[str, Any], name: str, kind: int) -> str | None:
        """Ask for ghost text; answers the first text, if there is one."""
        await self._typed(cursor["position"]["line"])
        params = {**cursor, "context": {"triggerKind": kind}}
        answer = await self._filled(f"inlineCompletion {name}", "textDocument/inlineCompletion", params)
        items = answer.result["items"]
        return items[0]["insertText"] if items else None

    async def _reuse(self, gap: Gap, cursor: dict[str, Any], shown: str) -> None:
        """Type the first character of what is shown, ask again, and take the character back."""
        if not shown[:1].isascii() or shown[:1].isspace() or not shown[1:].strip():
            return
        await self._change(gap.line, gap.column, gap.column, shown[0])
        seen = len(self._client.notices)
        position = {"line": gap.line, "character": gap.column + 1}
        params = {**cursor, "position": position, "context": {"triggerKind": 2}}
        answer = await self._client.request("textDocument/inlineCompletion", params)
        if not self._modelled(seen):
            self._samples["inlineCompletion answered from memory"].append(answer.took_ms)
        await self._change(gap.line, gap.column, gap.column + 1, "")

    async def _actions(self, gap: Gap) -> None:
        span = {
            "start": {"line": gap.line, "character": 0},
            "end": {"line": gap.line, "character": gap.column},
        }
        params = {"textDocument": {"uri": URI}, "range": span, "context": {"diagnostics": []}}
        answer = await self._client.request("textDocument/codeAction", params)
        self._samples["codeAction"].append(answer.took_ms)

    async def _filled(self, name: str, method: str, params: Any) -> Answer:
        """A request that the model works for: its time with and without the model."""
        seen = len(self._client.notices)
        answer = await self._client.request(method, params)
        if answer.error is not None:
            raise SpanfillError(f"The server refused {method}: {answer.error['message']}")
        model_ms = self._modelled(seen)
        if model_ms is not None:
            self._samples[name].append(answer.took_ms)
            self._samples[f"{name}, {WITHOUT}"].append(max(0.0, answer.took_ms - model_ms))
        return answer

    def _modelled(self, seen: int) -> float | None:
        """What the fill since notification number `seen` took in the engine; None where none ran."""
        statuses = [
            notice.params for notice in self._client.notices[seen:] if notice.method == "spanfill/status"
        ]
        if not any(status["state"] == "busy" for status in statuses):
            return None
        took: float | None = statuses[-1]["lastMs"]
        return took

    async def _typed(self, line: int) -> None:
        """Change something before a gap in a line, so that nothing that is remembered fits any more."""
        self._edits += 1
        mark = f"  # {self._edits}"
        await self._change(line - 1, len(self._lines[line - 1]), None, mark)

    async def _change(self, line: int, start: int, end: int | None, new: str) -> None:
        """Replace a part of a line, up to its end where `end` is None."""
        self._version += 1
        span = {
            "start": {"line": line, "character": start},
            "end": {"line": line, "character": 10_000 if end is None else end},
        }
        document = {"uri": URI, "version": self._version}
        params = {"textDocument": document, "contentChanges": [{"range": span, "text": new}]}
        took = await self._pinged_after(lambda: self._client.notify("textDocument/didChange", params))
        self._changes.append(took)
        self._pings.append((await self._client.request(PING, None)).took_ms)

    async def _cancels(self, places: list[Gap]) -> None:
        """From `$/cancelRequest` to the engine standing idle, while it reads and while it writes."""
        for _ in range(self._repeat):
            for gap in places:
                await self._cancelled(gap, "reading", lambda notice: notice["state"] == "busy")
                await self._cancelled(gap, "writing", None)

    async def _cancelled(self, gap: Gap, doing: str, busy: Callable[[Any], bool] | None) -> None:
        client, seen = self._client, len(self._client.notices)
        params = {**self._fill_params(gap), "mode": "block", "maxTokens": CANCELLED_TOKENS}
        sent_ms = now_ms()
        identifier = client.begin("spanfill/fill", params)
        if busy is not None:
            await client.until("spanfill/status", busy, seen)
        else:
            await client.until("spanfill/frame", lambda _: True, seen)
        asked_ms = now_ms()
        client.notify("$/cancelRequest", {"id": identifier})
        idle = await client.until("spanfill/status", lambda status: status["state"] == "ready", seen)
        answer = await client.answer(identifier, sent_ms)
        if answer.error is not None:  # else it had ended before the cancellation came
            self._samples[f"cancel to idle, while {doing}"].append(idle.at_ms - asked_ms)
