"""Owns the engine's thread: lets one fill run at a time, the newest one, and reports the engine's state.

The event loop never waits for the model: everything slow happens on one worker thread. Of two fills the
newer wins, unless it is less important. Knows requests and results; does not know documents.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Literal

from lsp_server.engine_loading import Engine, EngineLoader, OpenEngine, open_fill_engine
from lsp_server.options import ModelOptions
from lsp_server.right_of_way import RightOfWay
from runtime import (
    CancelToken,
    FillCancelled,
    FillRequest,
    FillResult,
    Frame,
    InputError,
    SpanfillError,
    UsageError,
)

logger = logging.getLogger(__name__)

State = Literal["unloaded", "loading", "ready", "busy", "error"]


class Priority(IntEnum):
    """How much a fill matters: a newer one replaces those of the same or a lower priority."""

    IDLE = 0
    AUTOMATIC = 1
    INVOKED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`spanfill/status`."""

    state: State
    model: str | None = None
    device: str | None = None
    detail: str | None = None
    """Why, where the state is `error`, or where the CPU has taken a failing GPU's place."""
    last_ms: float | None = None
    """How long the last fill took."""


@dataclass(slots=True, eq=False)
class _Job:
    priority: Priority
    token: CancelToken


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the engine came to, and how long it was at it."""

    results: list[FillResult]
    took_ms: float


_Work = Callable[[Engine, CancelToken], _Answer]


class EngineHost:
    """The engine and its one worker thread. All methods are called on the event loop."""

    def __init__(self, open_engine: OpenEngine = open_fill_engine, default_model: str | None = None) -> None:
        """`default_model` is the model of settings that name none."""
        self.default_model = default_model
        self.status = Status(state="unloaded")
        self.listeners: list[Callable[[Status], None]] = []
        self.right_of_way = RightOfWay()
        """Whether requests are on their way to the engine or back."""
        self._options = ModelOptions(name=default_model)
        self._loader = EngineLoader(open_engine)
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._jobs: list[_Job] = []
        self._wanted_by: set[object] = set()
        self._loop = asyncio.get_running_loop()
        self._unload_timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._preloading = False

    @property
    def loaded(self) -> bool:
        """Whether a fill would start at once."""
        return self.status.state in ("ready", "busy")

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits."""
        return not self._jobs

    @property
    def manifest(self) -> Any:
        """The model's manifest, after it was unloaded for want of work too; None before it was loaded."""
        return self._loader.manifest

    def configure(self, options: ModelOptions) -> None:
        """Take new settings; another model, device or thread count unloads the present one."""
        if options.name is None:
            options = replace(options, name=self.default_model)
        before, self._options = self._options, options
        if _loading(options) != _loading(before):
            self._loader.manifest = None
            self.retry()
            self.unload()
        self._watch_idle_time()

    def retry(self) -> None:
        """Let the next fill try again whatever failed before, the GPU included."""
        self._loader.retry()

    def want(self, owner: object, wanted: bool) -> None:
        """Whether `owner` wants a model in memory. When the last one no longer does, it is unloaded."""
        if wanted:
            self._wanted_by.add(owner)
            return
        self._wanted_by.discard(owner)
        if not self._wanted_by:
            self.unload()

    def leave(self, owner: object) -> None:
        """`owner` is gone; the model stays for whoever comes next."""
        self._wanted_by.discard(owner)

    def preload(self) -> None:
        """Begin loading, if nothing is loaded and no failure is waiting for its retry."""
        if self._preloading or self._closed or self._loader.backoff.waiting_s:
            return
        self._preloading = True
        loading = self._loop.run_in_executor(self._worker, self._preload)
        loading.add_done_callback(self._preloaded)
        _forget(loading)

    def _preloaded(self, _: "asyncio.Future[None]") -> None:
        self._preloading = False
        self._watch_idle_time()

    def unload(self) -> None:
        """Stop every fill and free the model."""
        self.cancel_all()
        self._preloading = False  # what is loading now is let go of: the next call loads again
        if not self._closed:
            _forget(self._loop.run_in_executor(self._worker, self._close_engine))

    def cancel_all(self) -> None:
        """Stop every fill."""
        for job in self._jobs:
            job.token.cancel()

    def close(self, patience_s: float = 1.0) -> bool:
        """Stop every fill and the worker; False where it did not end in time, as while a model loads."""
        self._closed = True
        self.cancel_all()
        last = self._worker.submit(self._close_engine)
        self._worker.shutdown(wait=False)
        try:
            last.result(timeout=patience_s)
        except TimeoutError:
            return False
        return True

    async def fill(
        self,
        request: FillRequest,
        priority: Priority,
        on_frame: Callable[[Frame], None] | None = None,
    ) -> FillResult:
        """Run a fill; `on_frame` is called on the event loop after each pass.

        Cancelling the awaiting task stops the fill within its running pass.

        Raises:
            FillCancelled: a newer or more important fill took its place.
            SpanfillError: the model can't be loaded or failed.
        """

        def passes(engine: Engine, token: CancelToken) -> _Answer:
            for item in engine.fill(request, cancel=token):
                if isinstance(item, FillResult):
                    return _Answer([item], item.total_ms)
                if on_frame is not None:
                    self._loop.call_soon_threadsafe(on_frame, item)
            raise RuntimeError("The engine ended without a result.")

        (result,) = await self._queued(priority, passes)
        return result

    async def fill_several(self, request: FillRequest, priority: Priority, count: int) -> list[FillResult]:
        """Run a fill for up to `count` different results; at least one is answered.

        Raises:
            As `fill` does.
        """

        def candidates(engine: Engine, token: CancelToken) -> _Answer:
            started = time.perf_counter()
            results = engine.complete_several(request, count, cancel=token)
            # The results' own times leave out texts that came to nothing new.
            return _Answer(results, (time.perf_counter() - started) * 1e3)

        return await self._queued(priority, candidates)

    async def _queued(self, priority: Priority, work: _Work) -> list[FillResult]:
        """Run `work` on the engine's thread, in place of what is older and no more important."""
        if any(job.priority > priority and not job.token.cancelled for job in self._jobs):
            raise FillCancelled("A more important fill is running.")
        if priority is Priority.IDLE and (self._jobs or not self.loaded):
            raise FillCancelled("The engine is not idle, or holds no model.")
        for job in self._jobs:
            job.token.cancel()
        job = _Job(priority, CancelToken())
        self._jobs.append(job)
        self._watch_idle_time()
        running = self._loop.run_in_executor(self._worker, self._run, job, work)
        running.add_done_callback(lambda _: self._done(job))
        _forget(running)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            job.token.cancel()
            raise

    def _done(self, job: _Job) -> None:
        self._jobs.remove(job)
        self._watch_idle_time()

    def _watch_idle_time(self) -> None:
        """Start the clock of the unloading after idle time anew."""
        if self._unload_timer is not None:
            self._unload_timer.cancel()
            self._unload_timer = None
        minutes = self._options.unload_after_minutes
        if minutes > 0 and not self._jobs and not self._closed:
            self._unload_timer = self._loop.call_later(minutes * 60, self._unload_idle)

    def _unload_idle(self) -> None:
        if self._loader.engine is not None:
            self.retry()  # the GPU may work by the time the model is wanted again
            self.unload()

    # What follows runs on the worker thread.

    def _preload(self) -> None:
        try:
            self._opened()
        except SpanfillError:
            return  # the status has said so

    def _run(self, job: _Job, work: _Work) -> list[FillResult]:
        job.token.check()
        try:
            return self._worked(self._opened(), job, work)
        except _Failed as failure:
            error = failure.error
        logger.warning("The model failed on %s: %s", self._loader.device, type(error).__name__)
        logger.debug("The model failed", exc_info=error)
        self._close_engine()
        sentence = str(error) if isinstance(error, SpanfillError) else _unexpected("while filling", error)
        if self._loader.device == "cuda" and self._options.fall_back_to_cpu:
            self._loader.leave_gpu(sentence)
            try:
                return self._worked(self._opened(), job, work)
            except _Failed as failure:
                self._close_engine()
                sentence = _unexpected("on the CPU too", failure.error)
        raise self._told(self._loader.failed(SpanfillError(sentence))) from error

    def _worked(self, engine: Engine, job: _Job, work: _Work) -> list[FillResult]:
        if job.priority is not Priority.IDLE:  # nobody need see that the engine works ahead
            self._report(replace(self.status, state="busy"))
        try:
            answer = work(engine, job.token)
            self.right_of_way.take()
            first = answer.results[0]
        except (FillCancelled, UsageError, InputError):
            self._report(replace(self.status, state="ready"))  # the engine is as well as before
            raise
        except Exception as error:
            raise _Failed(error) from None
        self._loader.device = first.device
        self._loader.backoff.reset()
        self._report(
            Status(
                state="ready",
                model=first.model,
                device=first.device,
                detail=self._loader.cpu_instead,
                last_ms=answer.took_ms,
            )
        )
        return answer.results

    def _opened(self) -> Engine:
        """The engine, loaded if it is not."""
        loader, options = self._loader, self._options
        if loader.engine is not None:
            return loader.engine
        loader.check_due()
        self._report(Status(state="loading", model=options.name))
        try:
            engine = loader.load(options)
        except SpanfillError as error:
            raise self._told(error) from error.__cause__
        name = getattr(engine.manifest, "name", options.name)
        self._report(Status(state="ready", model=name, device=loader.device, detail=loader.cpu_instead))
        return engine

    def _told(self, error: SpanfillError) -> SpanfillError:
        self._report(Status(state="error", model=self._options.name, detail=str(error)))
        return error

    def _close_engine(self) -> None:
        if self._loader.close():
            self._report(Status(state="unloaded"))

    def _report(self, status: Status) -> None:
        self.status = status
        if threading.current_thread() is not threading.main_thread() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, status)

    def _tell(self, status: Status) -> None:
        for listener in list(self.listeners):
            listener(status)


class _Failed(Exception):
    """The engine broke down in a fill: it has to be loaded again."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def _loading(options: ModelOptions) -> tuple[str | None, str, int | None]:
    """What of the settings decides how a model is loaded."""
    return options.name, options.device, options.threads


def _unexpected(where: str, error: Exception) -> str:
    return f"The model failed {where} ({type(error).__name__})."


def _forget(future: "asyncio.Future[Any]") -> None:
    """Mark a future's exception as seen: whoever waits sees it, and nobody need wait."""
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
