"""The host's rules, with an engine that the test steps by hand."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from test_small_parts import result

from lsp_server.engine_host import EngineHost, Priority, Status
from lsp_server.options import ModelOptions
from runtime import (
    CancelToken,
    FillCancelled,
    FillRequest,
    FillResult,
    Frame,
    ManifestError,
    ModelError,
    ModelFileError,
    RuntimeSetupError,
    SpanfillError,
    UsageError,
)

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
        self.total_ms = 2.0

    def fill(self, request: FillRequest, cancel: CancelToken | None = None) -> Iterator[Frame | FillResult]:
        assert request is REQUEST
        assert cancel is not None
        self.started.release()
        if self.fail is not None:
            error, self.fail = self.fail, None
            raise error
        while not self.go.wait(0.002):
            cancel.check()
        made = _fields(result(total_ms=self.total_ms))
        yield FillResult(**{**made, "device": "cpu" if self.device == "cpu" else "cuda"})

    def complete_several(
        self, request: FillRequest, count: int, cancel: CancelToken | None = None
    ) -> list[FillResult]:
        results = [item for item in self.fill(request, cancel) if isinstance(item, FillResult)]
        return (results * count)[:count]

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
        self.gpu_refuses: Exception | None = None
        self.host = EngineHost(self.open)
        self.seen: list[Status] = []
        self.host.listeners.append(self.seen.append)

    @property
    def states(self) -> list[str]:
        return [status.state for status in self.seen]

    def open(self, options: ModelOptions) -> Stepped:
        self.opened.append(options)
        if self.refuse is not None:
            raise self.refuse
        if self.gpu_refuses is not None and options.device != "cpu":
            raise self.gpu_refuses
        return self.engine

    async def works(self, priority: Priority = Priority.INVOKED) -> FillResult:
        """A fill that is let go at once."""
        self.engine.go.set()
        return await self.host.fill(REQUEST, priority)

    async def until(self, state: str) -> None:
        async with asyncio.timeout(5):
            while self.host.status.state != state:
                await asyncio.sleep(0.001)

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
    await bench.works()
    bench.engine.go.clear()
    assert bench.engine.started.acquire(blocking=False)
    idle = await bench.begin(Priority.IDLE)
    bench.seen.clear()
    automatic = asyncio.ensure_future(bench.host.fill(REQUEST, Priority.AUTOMATIC))
    with pytest.raises(FillCancelled):
        await idle
    with pytest.raises(FillCancelled):
        await bench.host.fill(REQUEST, Priority.IDLE)
    bench.engine.go.set()
    await automatic
    assert "busy" in bench.states


async def test_working_ahead_loads_no_model(bench: Bench) -> None:
    with pytest.raises(FillCancelled):
        await bench.host.fill(REQUEST, Priority.IDLE)
    assert bench.opened == []


async def test_a_cancelled_fill_is_in_nobodys_way(bench: Bench) -> None:
    invoked = await bench.begin(Priority.INVOKED)
    bench.host.cancel_all()
    automatic = asyncio.ensure_future(bench.host.fill(REQUEST, Priority.AUTOMATIC))
    with pytest.raises(FillCancelled):
        await invoked
    bench.engine.go.set()
    assert (await automatic).tokens == 10


async def test_several_candidates_are_one_fill(bench: Bench) -> None:
    older = await bench.begin(Priority.AUTOMATIC)
    several = asyncio.ensure_future(bench.host.fill_several(REQUEST, Priority.AUTOMATIC, 3))
    with pytest.raises(FillCancelled):
        await older
    bench.engine.go.set()
    assert len(await several) == 3
    assert bench.host.status.last_ms is not None


async def test_texts_that_came_to_nothing_are_in_the_engines_time(bench: Bench) -> None:
    bench.engine.total_ms = 0.0  # of the one result; the engine was at it for longer
    bench.engine.go.set()
    assert len(await bench.host.fill_several(REQUEST, Priority.AUTOMATIC, 1)) == 1
    assert bench.host.status.last_ms is not None
    assert bench.host.status.last_ms > 0


async def test_cancelling_the_waiting_task_stops_the_fill(bench: Bench) -> None:
    task = await bench.begin(Priority.AUTOMATIC)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while not bench.host.idle:  # the worker sees the token at its next pass
        await asyncio.sleep(0)
    assert not bench.engine.go.is_set()  # it did not end by itself


async def test_a_failed_load_is_not_tried_again_at_once(bench: Bench) -> None:
    bench.refuse = SpanfillError("no such model.")
    with pytest.raises(SpanfillError, match=r"^no such model\.$"):
        await bench.host.fill(REQUEST, Priority.INVOKED)
    for _ in range(2):
        with pytest.raises(SpanfillError, match=r"no such model\. It is tried again in [12] s"):
            await bench.host.fill(REQUEST, Priority.INVOKED)
        bench.host.preload()
    assert len(bench.opened) == 1
    bench.host.retry()
    bench.refuse = None
    await bench.works()
    assert len(bench.opened) == 2


async def test_a_model_that_breaks_down_in_every_fill_is_loaded_ever_less_often(bench: Bench) -> None:
    waits = []
    for _ in range(3):
        bench.host._loader.backoff._until = 0.0  # the wait is over
        bench.engine.fail = RuntimeError("out of memory")
        with pytest.raises(SpanfillError, match="RuntimeError"):
            await bench.host.fill(REQUEST, Priority.INVOKED)
        waits.append(bench.host._loader.backoff.waiting_s)
    assert bench.engine.closed == 3
    assert waits[0] * 1.5 < waits[1] < waits[2] / 1.5
    bench.host._loader.backoff._until = 0.0
    await bench.works()
    assert bench.host._loader.backoff._failures == 0


@pytest.mark.parametrize("fault", [ModelFileError("The model failed while running."), MemoryError()])
async def test_a_broken_engine_is_let_go_of_and_said_to_be(bench: Bench, fault: Exception) -> None:
    bench.engine.fail = fault
    with pytest.raises(SpanfillError, match="The model failed while"):
        await bench.host.fill(REQUEST, Priority.INVOKED)
    assert bench.engine.closed == 1
    assert bench.host.status.state == "error"
    assert not bench.host.loaded


async def test_a_request_that_makes_no_sense_leaves_the_engine_alone(bench: Bench) -> None:
    bench.engine.fail = UsageError("no such sampler")
    with pytest.raises(UsageError):
        await bench.host.fill(REQUEST, Priority.INVOKED)
    assert bench.host.status.state == "ready"
    await bench.works()
    assert len(bench.opened) == 1


async def test_a_failing_gpu_is_replaced_by_the_cpu_where_that_is_allowed(bench: Bench) -> None:
    bench.engine.device = "cuda"
    await bench.works()
    bench.engine.fail = ModelFileError("CUDA error: out of memory.")
    await bench.works()
    assert [options.device for options in bench.opened] == ["auto", "cpu"]
    assert "since the GPU failed. CUDA error: out of memory." in (bench.host.status.detail or "")
    bench.host.configure(ModelOptions())  # the same settings again are no reason to go back
    await bench.works()
    assert len(bench.opened) == 2
    bench.host.configure(ModelOptions(device="cuda"))
    await bench.works()
    assert [options.device for options in bench.opened] == ["auto", "cpu", "cuda"]


async def test_a_failing_gpu_stays_an_error_where_it_is_not(bench: Bench) -> None:
    bench.host.configure(ModelOptions(fall_back_to_cpu=False))
    bench.engine.device = "cuda"
    await bench.works()
    bench.engine.fail = RuntimeError("CUDA error")
    with pytest.raises(SpanfillError, match="RuntimeError"):
        await bench.host.fill(REQUEST, Priority.INVOKED)
    assert bench.engine.closed == 1
    assert [options.device for options in bench.opened] == ["auto"]


@pytest.mark.parametrize("fault", [RuntimeSetupError("No CUDA."), ModelFileError("No memory."), OSError("x")])
async def test_a_gpu_that_loads_nothing_is_replaced_by_the_cpu(bench: Bench, fault: Exception) -> None:
    bench.host.configure(ModelOptions(device="cuda"))
    bench.gpu_refuses = fault
    await bench.works()
    assert [options.device for options in bench.opened] == ["cuda", "cpu"]
    assert bench.host.status.detail == f"The model runs on the CPU. {fault}"


@pytest.mark.parametrize(
    ("device", "fault", "allowed"),
    [
        ("cuda", RuntimeSetupError("No CUDA."), False),
        ("cuda", ModelError("Not installed."), True),
        ("cuda", ManifestError("Not JSON."), True),
        ("auto", RuntimeSetupError("No ONNX Runtime."), True),
        ("cpu", ModelFileError("Truncated."), True),
    ],
)
async def test_what_the_cpu_can_not_mend_is_an_error(
    bench: Bench, device: Any, fault: Exception, allowed: bool
) -> None:
    bench.host.configure(ModelOptions(device=device, fall_back_to_cpu=allowed))
    bench.refuse = fault
    with pytest.raises(SpanfillError, match=str(fault)):
        await bench.host.fill(REQUEST, Priority.INVOKED)
    assert len(bench.opened) == 1


async def test_a_session_that_silently_runs_on_the_cpu_is_no_gpu(bench: Bench) -> None:
    bench.host.configure(ModelOptions(device="cuda"))
    await bench.works()  # the engine says that it is on the CPU
    assert [options.device for options in bench.opened] == ["cuda", "cpu"]
    assert "fell back" in (bench.host.status.detail or "")


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


@pytest.mark.parametrize("used", [True, False])
async def test_the_model_is_unloaded_after_idle_time(bench: Bench, used: bool) -> None:
    bench.host.configure(ModelOptions(unload_after_minutes=0.0002))
    if used:
        await bench.works(Priority.AUTOMATIC)
    else:
        bench.host.preload()
        await bench.until("ready")
    await bench.until("unloaded")
    assert bench.engine.closed == 1


async def test_idle_time_set_later_counts_too(bench: Bench) -> None:
    await bench.works()
    bench.host.configure(ModelOptions(unload_after_minutes=0.0002))
    await bench.until("unloaded")


async def test_the_model_goes_when_the_last_client_wants_it_no_more(bench: Bench) -> None:
    bench.host.want("one", True)
    bench.host.want("other", True)
    await bench.works()
    bench.host.want("one", False)
    await bench.works()
    assert len(bench.opened) == 1
    bench.host.want("other", False)
    await bench.until("unloaded")
    assert bench.engine.closed == 1


async def test_a_model_chosen_while_another_loads_is_loaded_too(bench: Bench) -> None:
    gate = threading.Event()
    load = bench.open

    def slowly(options: ModelOptions) -> Stepped:
        gate.wait(5)
        return load(options)

    bench.host._loader._open_engine = slowly
    bench.host.preload()
    bench.host.configure(ModelOptions(name="other"))
    bench.host.preload()
    gate.set()
    async with asyncio.timeout(5):
        while [options.name for options in bench.opened][-1:] != ["other"]:
            await asyncio.sleep(0.001)
    await bench.until("ready")
