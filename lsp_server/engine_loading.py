"""One engine, loaded when it is wanted: on the CPU where the GPU fails, and not again at once where all fail.

Every method but `retry` runs on the engine's thread. Knows model settings; does not know fills or clients.
"""

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from lsp_server.backoff import Backoff
from lsp_server.options import ModelOptions
from runtime import (
    CancelToken,
    FillRequest,
    FillResult,
    Frame,
    ModelFileError,
    RuntimeSetupError,
    SpanfillError,
)

logger = logging.getLogger(__name__)


class Engine(Protocol):
    """What is used of `runtime.FillEngine`."""

    manifest: Any

    def fill(self, request: FillRequest, cancel: CancelToken | None = None) -> Iterator[Frame | FillResult]:
        """Frames, then the result."""

    def complete_several(
        self, request: FillRequest, count: int, cancel: CancelToken | None = None
    ) -> list[FillResult]:
        """Up to `count` different results, at least one."""

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


class EngineLoader:
    """The engine while it is in memory, and what is known of its last failures."""

    def __init__(self, open_engine: OpenEngine = open_fill_engine) -> None:
        self.engine: Engine | None = None
        self.manifest: Any = None
        """Of the engine, or of the last one; None before the first."""
        self.device: str | None = None
        """Where the engine runs or ran."""
        self.cpu_instead: str | None = None
        """Why the model is on the CPU though a GPU was meant; None where it is where it was meant to be."""
        self.backoff = Backoff()
        self._last_failure = ""
        self._open_engine = open_engine

    def retry(self) -> None:
        """Let the next fill try again whatever failed before, the GPU included."""
        self.backoff.reset()
        self.cpu_instead = None

    def check_due(self) -> None:
        """Refuse as long as the last failure is too fresh for another try.

        Raises:
            SpanfillError: what failed, and when it is tried again.
        """
        waiting_s = self.backoff.waiting_s
        if waiting_s:
            raise SpanfillError(f"{self._last_failure} It is tried again in {math.ceil(waiting_s)} s.")

    def load(self, options: ModelOptions) -> Engine:
        """Open the engine; on the CPU where the GPU can't be used and the settings allow that.

        Raises:
            SpanfillError: it can't be opened; `failed` has been called.
        """
        try:
            engine = self._open(options)
        except SpanfillError as error:
            raise self.failed(error) from None
        except Exception as error:
            logger.debug("Loading failed", exc_info=True)
            reason = f"{type(error).__name__}: {error}"
            raise self.failed(SpanfillError(f"The model could not be loaded ({reason}).")) from error
        self.engine, self.manifest = engine, engine.manifest
        self.device = getattr(engine, "device", None)
        return engine

    def _open(self, options: ModelOptions) -> Engine:
        on_cpu = replace(options, device="cpu")
        if self.cpu_instead is not None:
            return self._open_engine(on_cpu)
        try:
            engine = self._open_as_asked(options)
        except Exception as error:
            if not (options.fall_back_to_cpu and device_failed(error, options.device)):
                raise
            logger.warning("Loading on the GPU failed: %s", type(error).__name__)
            engine = self._open_engine(on_cpu)
            self.cpu_instead = f"The model runs on the CPU. {error}"
        return engine

    def _open_as_asked(self, options: ModelOptions) -> Engine:
        engine = self._open_engine(options)
        if options.device == "cuda" and getattr(engine, "device", "cuda") != "cuda":
            engine.close()
            raise RuntimeSetupError("CUDA was asked for, and ONNX Runtime fell back to the CPU.")
        return engine

    def leave_gpu(self, reason: str) -> None:
        """The GPU broke down in a fill: the next load is one on the CPU."""
        self.cpu_instead = f"The model runs on the CPU, since the GPU failed. {reason}"

    def failed(self, error: SpanfillError) -> SpanfillError:
        """Take note of a failure; answers it."""
        self.backoff.failed()
        self._last_failure = str(error)
        return error

    def close(self) -> bool:
        """Free the model's memory; False where none was loaded."""
        engine, self.engine = self.engine, None
        if engine is None:
            return False
        engine.close()
        return True


def device_failed(error: Exception, device: str) -> bool:
    """Whether a model that could not be opened for `device` may work on the CPU."""
    if isinstance(error, RuntimeSetupError):
        return device == "cuda"  # with `auto` it says that ONNX Runtime itself is not there
    return device != "cpu" and (isinstance(error, ModelFileError) or not isinstance(error, SpanfillError))
