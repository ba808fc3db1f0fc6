"""Owns the engine: loads it lazily, lets one fill run at a time, reports its state.

The event loop never waits for the model: everything slow happens on one worker thread. Of two fills the
newer wins, unless it is less important. Knows requests and results; does not know documents.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any, Literal, Protocol

from lsp_server.options import ModelOptions
from runtime import CancelToken, FillCancelled, FillRequest, FillResult, Frame, SpanfillError

logger = logging.getLogger(__name__)

State = Literal["unloaded", "loading", "ready", "busy", "error"]
_FIRST_RETRY_S, _LAST_RETRY_S = 2.0, 300.0


class Engine(Protocol):
    """What is used of `runtime.FillEngine`."""

    manifest: Any

    def fill(self, request: FillRequest, cancel: CancelToken | None = None) -> Iterator[Frame | FillResult]:
        """Frames, then the result."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""

    def close(self) -> None:
        """Free the model's memory."""


OpenEngine = Callable[[ModelOptions], Engine]


def open_fill_engine(options: ModelOptions) -> Engine:
    """Load the real engine; slow. ONNX Runtime is imported here and not before."""
    from runtime import FillEngine

    name = options.name
    model = Path(name) if name is not None and ("/" in name or "\\" in name) else name
    engine: Engine = FillEngine.open(model=model, device=options.device, threads=options.threads)
    return engine


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
    """Why, where the state is `error`."""
    last_ms: float | None = None
    """How long the last fill took."""


@dataclass(slots=True, eq=False)
class _Job:
    priority: Priority
    token: CancelToken


class EngineHost:
    """The engine and its one worker thread. All methods are called on the event loop."""

    def __init__(self, open_engine: OpenEngine = open_fill_engine, default_model: str | None = None) -> None:
        """`default_model` is the model of settings that name none."""
        self.default_model = default_model
        self.status = Status(state="unloaded")
        self.listeners: list[Callable[[Status], None]] = []
        self._options = ModelOptions(name=default_model)
        self._open_engine = open_engine
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="engine")
        self._jobs: list[_Job] = []
        self._engine: Engine | None = None
        self._device: str | None = None
        self._failures = 0
        self._retry_at = 0.0
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
        """The loaded model's manifest; None while none is loaded."""
        engine = self._engine
        return engine.manifest if engine is not None else None

    def configure(self, options: ModelOptions) -> None:
        """Take new settings; another model, device or thread count unloads the present one."""
        if options.name is None:
            options = replace(options, name=self.default_model)
        changed = (options.name, options.device, options.threads) != (
            self._options.name,
            self._options.device,
            self._options.threads,
        )
        self._options = options
        if changed:
            self._failures, self._retry_at = 0, 0.0
            self.unload()

    def preload(self) -> None:
        """Begin loading, if nothing is loaded and no failure is waiting for its retry."""
        if self._preloading or self._closed or time.monotonic() < self._retry_at:
            return
        self._preloading = True
        loading = self._loop.run_in_executor(self._worker, self._preload)
        loading.add_done_callback(self._preloaded)
        _forget(loading)

    def _preloaded(self, _: "asyncio.Future[None]") -> None:
        self._preloading = False

    def unload(self) -> None:
        """Stop every fill and free the model."""
        self.cancel_all()
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
        if any(job.priority > priority for job in self._jobs):
            raise FillCancelled("A more important fill is running.")
        if priority is Priority.IDLE and self._jobs:
            raise FillCancelled("The engine is not idle.")
        for job in self._jobs:
            job.token.cancel()
        job = _Job(priority, CancelToken())
        self._jobs.append(job)
        self._keep_loaded()
        running = self._loop.run_in_executor(self._worker, self._run, job, request, on_frame)
        running.add_done_callback(lambda _: self._done(job))
        _forget(running)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            job.token.cancel()
            raise

    def _done(self, job: _Job) -> None:
        self._jobs.remove(job)
        self._keep_loaded()

    def _keep_loaded(self) -> None:
        """Restart the clock of the unloading after idle time."""
        if self._unload_timer is not None:
            self._unload_timer.cancel()
            self._unload_timer = None
        minutes = self._options.unload_after_minutes
        if minutes > 0 and not self._jobs and not self._closed:
            self._unload_timer = self._loop.call_later(minutes * 60, self.unload)

    # What follows runs on the worker thread.

    def _preload(self) -> None:
        try:
            self._opened(self._options)
        except SpanfillError:
            return  # the status has said so

    def _run(self, job: _Job, request: FillRequest, on_frame: Callable[[Frame], None] | None) -> FillResult:
        job.token.check()
        try:
            return self._fill(self._opened(self._options), job, request, on_frame)
        except SpanfillError:
            raise
        except Exception as error:
            logger.warning("The model failed on %s: %s", self._device, type(error).__name__)
            logger.debug("The model failed", exc_info=True)
            self._close_engine()
            if self._device == "cuda" and self._options.fall_back_to_cpu:
                self._options = replace(self._options, device="cpu")
                return self._fill(self._opened(self._options), job, request, on_frame)
            raise self._failed(
                SpanfillError(f"The model failed while filling ({type(error).__name__}).")
            ) from error

    def _fill(
        self, engine: Engine, job: _Job, request: FillRequest, on_frame: Callable[[Frame], None] | None
    ) -> FillResult:
        if job.priority is not Priority.IDLE:  # nobody need see that the engine works ahead
            self._report(replace(self.status, state="busy", detail=None))
        try:
            for item in engine.fill(request, cancel=job.token):
                if isinstance(item, FillResult):
                    self._device = item.device
                    self._report(
                        Status(state="ready", model=item.model, device=item.device, last_ms=item.total_ms)
                    )
                    return item
                if on_frame is not None:
                    self._loop.call_soon_threadsafe(on_frame, item)
        except FillCancelled:
            self._report(replace(self.status, state="ready"))
            raise
        raise RuntimeError("the engine ended without a result")

    def _opened(self, options: ModelOptions) -> Engine:
        if self._engine is not None:
            return self._engine
        if time.monotonic() < self._retry_at:
            raise SpanfillError(
                self.status.detail or "The model could not be loaded; it is tried again later."
            )
        self._report(Status(state="loading", model=options.name))
        try:
            engine = self._open_engine(options)
        except SpanfillError as error:
            raise self._failed(error) from None
        except Exception as error:
            logger.debug("Loading failed", exc_info=True)
            reason = f"{type(error).__name__}: {error}"
            raise self._failed(SpanfillError(f"The model could not be loaded ({reason}).")) from error
        self._engine = engine
        self._failures = 0
        self._report(Status(state="ready", model=getattr(engine.manifest, "name", options.name)))
        return engine

    def _failed(self, error: SpanfillError) -> SpanfillError:
        delay = min(_LAST_RETRY_S, _FIRST_RETRY_S * 2**self._failures)
        self._failures += 1
        self._retry_at = time.monotonic() + delay
        self._report(Status(state="error", model=self._options.name, detail=str(error)))
        return error

    def _close_engine(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close()
            self._report(Status(state="unloaded"))

    def _report(self, status: Status) -> None:
        self.status = status
        if threading.current_thread() is not threading.main_thread() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, status)

    def _tell(self, status: Status) -> None:
        for listener in list(self.listeners):
            listener(status)


def _forget(future: "asyncio.Future[Any]") -> None:
    """Mark a future's exception as seen: whoever waits sees it, and nobody need wait."""
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
