"""What typing is like: recorded keystrokes at the real server, and an hour of them without the idle time.

Knows traces, the server's settings and what to tell of the counts; prints nothing.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lsp_server.cli.bench_case import Better, Case
from lsp_server.cli.bench_client import SERVE, BenchClient
from lsp_server.cli.bench_plan import Plan, Tell
from lsp_server.cli.bench_replay import Replay, Typing
from lsp_server.cli.bench_trace import Trace, load_trace
from lsp_server.cli.bench_typist import typed_trace
from lsp_server.cli.examples import EXAMPLES, example
from lsp_server.languages import language_of_path
from runtime.errors import InputError, SpanfillError

SOAK_TRACE_S = 120.0
"""Length of one made-up trace of a soak."""


def recorded_traces() -> list[Path]:
    """The traces that come with spanfill.

    Raises:
        InputError: they are missing from this installation.
    """
    package = Path(__file__).parents[1]
    # A wheel has them inside the package; a checkout has them beside it.
    for folder in (package / "traces", package.parent / "benchmarks" / "traces"):
        if found := sorted(folder.glob("*.jsonl")):
            return found
    raise InputError("The typing traces are missing. Install spanfill again, or name one with --trace.")


def typing_cases(plan: Plan, tell: Tell, command: Sequence[str] = SERVE) -> Iterator[Case]:
    """Replay traces as they were typed, each for its first `plan.typing_s` seconds.

    Raises:
        SpanfillError: the server ended, or the model can't be used.
        InputError: a trace can't be read.
    """
    traces = [load_trace(path).first(plan.typing_s) for path in plan.traces or recorded_traces()]
    session = TypingSession(plan, tell, traces, hurried=False, command=command)
    yield from session.measured(session.typing_cases)


def soak_cases(plan: Plan, tell: Tell, command: Sequence[str] = SERVE) -> Iterator[Case]:
    """Type `plan.soak_minutes` of made-up traces, hurried, and see whether memory stays and nothing fails.

    Raises:
        SpanfillError: the server ended, or the model can't be used.
    """
    traces = soak_traces(plan.soak_minutes)
    session = TypingSession(plan, tell, traces, hurried=True, command=command)
    yield from session.measured(session.soak_cases)


def soak_traces(minutes: float) -> list[Trace]:
    """Typing in the example files that takes so many minutes altogether, each trace another."""
    traces: list[Trace] = []
    left_ms, seed = minutes * 60e3, 0
    while left_ms > 0:
        name = EXAMPLES[seed % len(EXAMPLES)]
        seconds = min(SOAK_TRACE_S, left_ms / 1e3)
        trace = typed_trace(name, language_of_path(name), example(name), seed=seed, seconds=seconds)
        traces.append(trace.first(left_ms / 1e3))
        left_ms -= max(trace.duration_ms, 1.0)
        seed += 1
    return traces


class TypingSession:
    """One server and the traces that are typed into it, one after another."""

    def __init__(
        self, plan: Plan, tell: Tell, traces: list[Trace], *, hurried: bool, command: Sequence[str]
    ) -> None:
        self._plan = plan
        self._tell = tell
        self._traces = traces
        self._hurried = hurried
        self._command = command
        self._typed_ms = 0.0
        self._resident_mb: list[float] = []
        """After each trace."""
        self._statistics: dict[str, Any] = {}
        self.typing = Typing()

    def measured(self, cases: Callable[[], Iterator[Case]]) -> Iterator[Case]:
        """Type everything and give `cases()`; of what was typed by then when interrupted, and then stop."""
        stopped: KeyboardInterrupt | None = None
        try:
            asyncio.run(self._run())
        except KeyboardInterrupt as interruption:
            stopped = interruption
        yield from cases()
        if stopped is not None:
            raise stopped

    async def _run(self) -> None:
        label = f"{'soak' if self._hurried else 'typing'}, {len(self._traces)} traces"
        self._tell(label, 0.0)
        async with BenchClient(self._command) as client:
            await self._begin(client)
            for number, trace in enumerate(self._traces):
                uri = f"file:///spanfill-bench/{number}/{trace.name}"
                await Replay(client, trace, uri, self.typing, self._hurried).run()
                self._typed_ms += trace.duration_ms
                self._resident_mb.append(client.resident_mb())
                answer = await client.request("workspace/executeCommand", {"command": "spanfill.showStats"})
                self._statistics = answer.result
                client.notices.clear()
                self._tell(label, (number + 1) / len(self._traces))

    async def _begin(self, client: BenchClient) -> None:
        greeting = {"capabilities": {}, "initializationOptions": {"model": self._plan.settings}}
        await client.request("initialize", greeting)
        client.notify("initialized", {})
        status = await client.until("spanfill/status", lambda status: status["state"] in ("ready", "error"))
        if status.params["state"] == "error":
            raise SpanfillError(status.params["detail"])

    def typing_cases(self) -> Iterator[Case]:
        """Times, and what share of the questions was saved from the model and why."""
        typing = self.typing
        times = {
            "change to suggestion": [*typing.modelled_ms, *typing.remembered_ms],
            "change to suggestion, by the model": typing.modelled_ms,
            "change to suggestion, from memory": typing.remembered_ms,
        }
        for name, values in times.items():
            if values:
                yield Case.of(f"typing: {name}", "ms", values)
        if typing.questions:
            saved = typing.questions - typing.model_calls
            yield self._share("model calls saved", saved, typing.questions, "higher")
            yield self._share("answered from memory", typing.from_memory, typing.questions, "higher")
            yield self._share("superseded by the next key", typing.superseded, typing.questions)
            yield self._share("nothing to suggest", typing.empty, typing.questions)
            accepted = typing.accepted_characters
            yield self._share("characters accepted", accepted, typing.characters, "higher")
        if self._statistics.get("cacheHits") is not None:
            hits = 100 * self._statistics["cacheHits"]
            name = "typing: prompt tokens read before"
            yield Case(name=name, unit="%", ours=hits, better="higher")
        yield from self._counts("typing")

    def soak_cases(self) -> Iterator[Case]:
        """Memory after the first trace and the last, and the counts."""
        yield Case(name="soak: minutes typed", unit="min", ours=self._typed_ms / 60e3, better="")
        yield from self._counts("soak")
        if self._resident_mb:
            first, last = self._resident_mb[0], self._resident_mb[-1]
            yield Case(name="soak: resident memory at the end", unit="MB", ours=last)
            yield Case(name="soak: growth of resident memory", unit="MB", ours=last - first)

    def _counts(self, part: str) -> Iterator[Case]:
        typing = self.typing
        counts = {
            "keystrokes": typing.keystrokes,
            "model calls": typing.model_calls,
            "model calls ahead, while idle": typing.calls_ahead,
            "suggestions accepted": typing.accepted,
        }
        for name, count in counts.items():
            yield Case(name=f"{part}: {name}", unit="", ours=count, better="")
        yield Case(name=f"{part}: errors", unit="", ours=len(typing.errors))

    def _share(self, name: str, part: int, whole: int, better: Better = "") -> Case:
        share = 100 * part / whole if whole else 0.0
        return Case(name=f"typing: {name}", unit="%", ours=share, better=better)
