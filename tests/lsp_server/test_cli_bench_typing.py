import asyncio
import itertools
import json
import sys
from pathlib import Path

import pytest
from editor import SCRIPTED
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.cli.bench_client import BenchClient
from lsp_server.cli.bench_plan import Plan
from lsp_server.cli.bench_replay import Replay, Typing
from lsp_server.cli.bench_trace import Event, Trace, load_trace, save_trace
from lsp_server.cli.bench_typing import recorded_traces, soak_cases, soak_traces, typing_cases
from lsp_server.cli.bench_typist import typed_trace
from lsp_server.cli.examples import EXAMPLES, example
from runtime.errors import InputError, SpanfillError

COMMAND = (sys.executable, SCRIPTED)
PAUSE_MS = 60_000.0
"""When hurried, a pause ends with the answer: long enough for any machine, and never waited out."""


def typed(text: str, *keys: str | None, after: float = PAUSE_MS) -> Trace:
    """A trace that types `keys` at the end of `text`, None being a look."""
    events, at = [], len(text)
    for number, key in enumerate(keys, 1):
        events.append(Event(ms=number * after, at=at, insert=key or "", look=key is None))
        at += len(key or "")
    return Trace(name="a.py", language="python", origin="test", text=text, events=tuple(events))


async def replayed(trace: Trace, *, hurried: bool = True) -> Typing:
    typing = Typing()
    async with BenchClient(COMMAND) as client:
        await client.request("initialize", {"capabilities": {}})
        client.notify("initialized", {})
        await client.until("spanfill/status", lambda status: status["state"] == "ready")
        await Replay(client, trace, "file:///a.py", typing, hurried).run()
    return typing


def final_text(trace: Trace) -> str:
    text = trace.text
    for event in trace.events:
        text = text if event.look else event.applied(text)
    return text


@given(name=st.sampled_from(EXAMPLES), seed=st.integers(0, 10**6), seconds=st.floats(1, 300))
@settings(max_examples=60, deadline=None)
def test_a_typist_arrives_at_the_text(name: str, seed: int, seconds: float) -> None:
    trace = typed_trace(name, "python", example(name), seed=seed, seconds=seconds)
    assert final_text(trace) == example(name)
    assert trace == typed_trace(name, "python", example(name), seed=seed, seconds=seconds)
    times = [event.ms for event in trace.events]
    assert times == sorted(times)
    assert trace.events


def test_a_typist_is_like_people() -> None:
    keys, looks, corrections, intervals = 0, 0, 0, []
    for seed in range(30):
        trace = typed_trace("i.py", "python", example("inventory.py"), seed=seed, seconds=120)
        pressed = [event for event in trace.events if not event.look]
        keys += len(pressed)
        looks += len(trace.events) - len(pressed)
        corrections += sum(event.delete > 0 for event in pressed)
        intervals += [after.ms - before.ms for before, after in itertools.pairwise(pressed)]
    assert 150 < sorted(intervals)[len(intervals) // 2] < 240
    assert 0.01 < corrections / keys < 0.1
    assert 0.02 < looks / keys < 0.1
    assert min(intervals) > 20


def test_indentation_is_the_editors_and_mended_by_backspace() -> None:
    text = "def f():\n    if x:\n        a\n    b\n"
    traces = [typed_trace("f.py", "python", text, seed=seed, seconds=60) for seed in range(40)]
    assert {final_text(trace) for trace in traces} == {text}
    breaks = {event.insert for trace in traces for event in trace.events if event.insert.startswith("\n")}
    assert breaks == {"\n    ", "\n        "}
    assert any(event.delete == 4 for trace in traces for event in trace.events)


def test_a_trace_survives_its_file(tmp_path: Path) -> None:
    trace = typed_trace("λ.py", "python", example("numerals.py") + "# ä😀\n", seed=3, seconds=20)
    save_trace(trace, tmp_path / "t.jsonl")
    assert load_trace(tmp_path / "t.jsonl") == trace
    half = trace.first(trace.duration_ms / 2e3)
    assert 0 < len(half.events) < len(trace.events)
    assert half.duration_ms <= trace.duration_ms / 2


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([], "no typing trace"),
        (["[]"], "no typing trace"),
        (['{"format": 2}'], "no typing trace"),
        (['{"format": 1}'], "damaged"),
        (["not json"], "damaged"),
        (["HEAD", '{"ms": 1}'], "damaged"),
        (["HEAD", "3"], "damaged"),
        (["HEAD", '{"ms": 1, "at": 4, "delete": 0, "insert": ""}'], "Line 2"),
        (["HEAD", '{"ms": 1, "at": 0, "delete": 9, "insert": ""}'], "Line 2"),
        (["HEAD", '{"ms": 5, "look": true}', '{"ms": 1, "look": true}'], "Line 3"),
    ],
)
def test_a_bad_trace_is_one_sentence(tmp_path: Path, lines: list[str], why: str) -> None:
    head = json.dumps({"format": 1, "name": "a", "language": "", "origin": "", "text": "abc"})
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(lines).replace("HEAD", head), encoding="utf-8")
    with pytest.raises(InputError, match=why):
        load_trace(path)
    with pytest.raises(InputError, match="can't be read"):
        load_trace(tmp_path / "missing")


def test_the_recorded_traces_are_whole_and_long_enough() -> None:
    traces = [load_trace(path) for path in recorded_traces()]
    assert len(traces) >= 3
    assert {trace.language for trace in traces} >= {"python", "typescript"}
    for trace in traces:
        assert trace.origin
        assert trace.duration_ms > 60_000
        assert final_text(trace) != trace.text


def test_a_soak_lasts_as_long_as_asked() -> None:
    traces = soak_traces(7)
    assert 6.5 < sum(trace.duration_ms for trace in traces) / 60e3 < 7.5
    assert len({(trace.name, trace.origin) for trace in traces}) == len(traces)


async def test_typing_along_costs_one_call() -> None:
    typing = await replayed(typed("# engine: say otal = first + second\n", *"total"))
    assert (typing.keystrokes, typing.questions) == (5, 5)
    assert typing.model_calls == 1
    assert typing.from_memory == 4
    assert len(typing.modelled_ms) == 1
    assert len(typing.remembered_ms) == 4
    assert typing.accepted == 0
    assert not typing.errors


async def test_what_would_be_typed_is_accepted_where_the_trace_looks() -> None:
    typing = await replayed(typed("# engine: say otal = 1\n", "t", None, *"otal = 1", None))
    assert typing.accepted == 1
    assert typing.keystrokes == 1
    assert typing.questions == 2
    assert typing.accepted_characters == len("otal = 1")
    assert typing.characters == len("total = 1")
    assert not typing.errors


async def test_what_would_not_be_typed_is_not_accepted() -> None:
    typing = await replayed(typed("# engine: say otal = 1\n", "t", None, *"otem"))
    assert typing.accepted == 0
    assert typing.keystrokes == 5


async def test_a_slip_in_what_follows_is_not_in_the_way() -> None:
    text = "# engine: say otal = 1\n"
    trace = typed(text, "t", None, "o", "r", "t", "al = 1")
    events = list(trace.events)
    slip = events[3]
    events[4:5] = [Event(ms=slip.ms + 1, at=slip.at, delete=1), Event(ms=slip.ms + 2, at=slip.at, insert="t")]
    events[-1] = Event(ms=events[-1].ms, at=slip.at + 1, insert="al = 1")
    trace = Trace(name="a.py", language="python", origin="", text=text, events=tuple(events))
    assert final_text(trace) == text + "total = 1"
    typing = await replayed(trace)
    assert typing.accepted == 1
    assert typing.keystrokes == 1


async def test_a_newer_key_takes_the_place_of_the_question_before() -> None:
    typing = await replayed(typed("# engine: slow 100\n", *"abcdefgh", after=1.0), hurried=False)
    assert typing.superseded == 7
    assert typing.questions == 8
    assert typing.model_calls <= 8
    assert typing.questions - typing.model_calls >= 1
    assert not typing.errors


async def test_keys_come_at_their_times() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await replayed(typed("# engine: say x\n", "a", "b", after=700.0), hurried=False)
    assert loop.time() - began >= 1.4


async def test_a_server_that_breaks_is_counted() -> None:
    typing = await replayed(typed("# engine: crash\n", "a", "b"))
    assert typing.errors


def test_shares_and_counts_are_told(tmp_path: Path) -> None:
    trace = typed("# engine: say otal = first + second\n", *"total", after=2500.0)
    save_trace(trace, tmp_path / "t.jsonl")
    plan = Plan(traces=(tmp_path / "t.jsonl",))
    cases = {case.name: case.ours for case in typing_cases(plan, lambda *_: None, COMMAND)}
    assert cases["typing: keystrokes"] == 5
    assert cases["typing: model calls saved"] == pytest.approx(80)
    assert cases["typing: answered from memory"] == pytest.approx(80)
    assert cases["typing: prompt tokens read before"] == pytest.approx(50)
    assert cases["typing: errors"] == 0
    assert cases["typing: change to suggestion, from memory"] > 0


def test_a_soak_tells_of_memory_and_errors() -> None:
    plan = Plan(soak_minutes=0.2)
    cases = {case.name: case for case in soak_cases(plan, lambda *_: None, COMMAND)}
    assert cases["soak: minutes typed"].ours == pytest.approx(0.2, abs=0.1)
    assert cases["soak: keystrokes"].ours > 5
    assert cases["soak: errors"].ours == 0
    assert cases["soak: resident memory at the end"].ours > 20


def test_a_model_that_is_not_there_stops_the_typing() -> None:
    with pytest.raises(SpanfillError, match="no model called missing"):
        list(typing_cases(Plan(model="missing"), lambda *_: None, COMMAND))
