"""The host's rules, with an engine that the test steps by hand."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from test_small_parts import result

from lsp_server.engine_host import EngineHost, Priority
from lsp_server.options import ModelOptions
from runtime import CancelToken, FillCancelled, FillRequest, FillResult, Frame, SpanfillError

REQUEST = FillRequest(prefix="x")


class Stepped:
    """Each fill waits for `go` and looks at its token; `fail` makes the next one fail."""

    manifest: Any = None

    def __init__(self) -> None:
        self.go = threading.Event()
        self.started = threading.Semaphore(0)
        self.fail: Exception | None = None
        self.device = "cpu"
        self.closed = 0

    def fill(self, request: FillRequest, cancel: CancelToken | None = None) -> Iterator[Frame | FillResult]:
        assert request is REQUEST
        assert cancel is not None
        self.started.release()
        if self.fail is not None:
            error, self.fail = self.fail, None
            raise error
        while not self.go.wait(0.002):
            cancel.check()
        yield result() if self.device == "cpu" else FillResult(**{**_fields(result()), "device": "cuda"})

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        self.closed += 1


def _fields(value: FillResult) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


class Bench:
    def __init__(self) -> None:
        self.engine = Stepped()
        self.opened: list[ModelOptions] = []
        self.refuse: Exception | None = None
        self.host = EngineHost(self.open)
        self.states: list[str] = []
        self.host.listeners.append(lambda status: self.states.append(status.state))

    def open(self, options: ModelOptions) -> Stepped:
        self.opened.append(options)
        if self.refuse is not None:
            raise self.refuse
        return self.engine

    async def begin(self, priority: Priority) -> "asyncio.Task[FillResult]":
        task = asyncio.ensure_future(self.host.fill(REQUEST, priority))
        await asyncio.to_thread(self.engine.started.acquire)
        return task


@pytest_asyncio.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    # What should have been cancelled ends by itself after a while, and its test fails.
    asyncio.get_running_loop().call_later(10, made.engine.go.set)
    yield made
    made.engine.go.set()
    assert made.host.close()


async def test_the_model_is_loaded_by_the_first_fill_and_once(bench: Bench) -> None:
    bench.engine.go.set()
    assert bench.opened == []
    await bench.host.fill(REQUEST, Priority.AUTOMATIC)
    await bench.host.fill(REQUEST, Priority.AUTOMATIC)
    assert len(bench.opened) == 1
    await asyncio.sleep(0)
    assert bench.states == ["loading", "ready", "busy", "ready", "busy", "ready"]


async def test_the_newer_of_two_equals_wins(bench: Bench) -> None:
    first = await bench.begin(Priority.AUTOMATIC)
    second = asyncio.ensure_future(bench.host.fill(REQUEST, Priority.AUTOMATIC))
    with pytest.raises(FillCancelled):
        await first
    bench.engine.go.set()
    assert (await second).tokens == 10


async def test_the_less_important_gives_way_at_once(bench: Bench) -> None:
    invoked = await bench.begin(Priority.INVOKED)
    for priority in (Priority.AUTOMATIC, Priority.IDLE):
        with pytest.raises(FillCancelled):
            await bench.host.fill(REQUEST, priority)
    bench.engine.go.set()
    await invoked


async def test_working_ahead_yields_to_anyone_and_displaces_no_one(bench: Bench) -> None:
    idle = await bench.begin(Priority.IDLE)
    automatic = asyncio.ensure_future(bench.host.fill(REQUEST, Priority.AUTOMATIC))
    with pytest.raises(FillCancelled):
        await idle
    with pytest.raises(FillCancelled):
        await bench.host.fill(REQUEST, Priority.IDLE)
    bench.engine.go.set()
    await automatic
    assert "busy" in bench.states


async def test_cancelling_the_waiting_task_stops_the_fill(bench: Bench) -> None:
    task = await bench.begin(Priority.AUTOMATIC)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while not bench.host.idle:  # the worker sees the token at its next pass
        await asyncio.sleep(0)
    assert not bench.engine.go.is_set()  # it did not end by itself


async def test_a_failed_load_is_not_tried_again_at_once(bench: Bench) -> None:
    bench.refuse = SpanfillError("no such model")
    for _ in range(3):
        with pytest.raises(SpanfillError, match="no such model"):
            await bench.host.fill(REQUEST, Priority.INVOKED)
    assert len(bench.opened) == 1
    bench.host._retry_at = 0.0
    bench.refuse = None
    bench.engine.go.set()
    await bench.host.fill(REQUEST, Priority.INVOKED)
    assert len(bench.opened) == 2


async def test_delays_between_tries_grow(bench: Bench) -> None:
    delays = []
    bench.refuse = SpanfillError("no")
    for _ in range(3):
        bench.host._retry_at = 0.0
        with pytest.raises(SpanfillError):
            await bench.host.fill(REQUEST, Priority.INVOKED)
        delays.append(bench.host._retry_at)
    assert delays[2] - delays[1] > delays[1] - delays[0] > 0


async def test_a_failing_gpu_is_replaced_by_the_cpu_where_that_is_allowed(bench: Bench) -> None:
    bench.engine.go.set()
    bench.engine.device = "cuda"
    await bench.host.fill(REQUEST, Priority.INVOKED)
    bench.engine.fail = RuntimeError("CUDA error")
    await bench.host.fill(REQUEST, Priority.INVOKED)
    assert [options.device for options in bench.opened] == ["auto", "cpu"]


async def test_a_failing_gpu_stays_an_error_where_it_is_not(bench: Bench) -> None:
    bench.host.configure(ModelOptions(fall_back_to_cpu=False))
    bench.engine.go.set()
    bench.engine.device = "cuda"
    await bench.host.fill(REQUEST, Priority.INVOKED)
    bench.engine.fail = RuntimeError("CUDA error")
    with pytest.raises(SpanfillError, match="RuntimeError"):
        await bench.host.fill(REQUEST, Priority.INVOKED)
    assert bench.engine.closed == 1


async def test_another_model_unloads_the_present_one(bench: Bench) -> None:
    bench.engine.go.set()
    await bench.host.fill(REQUEST, Priority.AUTOMATIC)
    bench.host.configure(ModelOptions(unload_after_minutes=3))
    await bench.host.fill(REQUEST, Priority.AUTOMATIC)
    assert bench.engine.closed == 0
    bench.host.configure(ModelOptions(name="other"))
    await bench.host.fill(REQUEST, Priority.AUTOMATIC)
    assert bench.engine.closed == 1
    assert bench.opened[-1].name == "other"


async def test_the_model_is_unloaded_after_idle_time(bench: Bench) -> None:
    bench.engine.go.set()
    bench.host.configure(ModelOptions(unload_after_minutes=0.0002))
    await bench.host.fill(REQUEST, Priority.AUTOMATIC)
    unloaded = asyncio.Event()
    bench.host.listeners.append(lambda status: unloaded.set() if status.state == "unloaded" else None)
    async with asyncio.timeout(5):
        await unloaded.wait()
    assert bench.engine.closed == 1
