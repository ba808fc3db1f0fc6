"""One model, loaded: runs fill requests one at a time and keeps the context cache between them.

Knows requests, token ids and sessions; does not know documents or editors.
"""

import itertools
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from runtime import pass_cost
from runtime.alternatives import TRIES, likeness
from runtime.cancellation import CancelToken
from runtime.errors import UsageError
from runtime.filling.base import Filler, drain
from runtime.filling.hybrid import HybridFiller
from runtime.manifest import Manifest
from runtime.pass_cost import PassCost
from runtime.providers import choose_device
from runtime.request import MODES, FillRequest, FillResult, Frame
from runtime.session import DenoiserSession
from runtime.store import home, resolve
from runtime.tokenizer import Tokenizer, join_surrogates

log = logging.getLogger(__name__)


class FillEngine:
    """Fills holes with one model. Every method may be called from any thread.

    A newer `fill` cancels the one that runs, within one pass; the context cache survives between
    requests, so a keystroke costs the tokens that changed.
    """

    def __init__(self, session: DenoiserSession, tokenizer: Tokenizer) -> None:
        """Use `open` unless the parts are at hand."""
        self.manifest: Manifest = session.manifest
        self.cost = PassCost()
        self._session = session
        self._tokenizer = tokenizer
        self._filler = self._make_filler(tokenizer)
        self._turn = threading.Lock()
        self._newest_lock = threading.Lock()
        self._newest: CancelToken | None = None

    def _make_filler(self, tokenizer: Tokenizer) -> Filler:
        if self.manifest.attention == "causal":
            return HybridFiller(self._session, tokenizer, lambda: self.cost)
        # Delayed: the samplers, length policies and parsers of masked models take time to import.
        from runtime.filling.masked import MaskedFiller

        return MaskedFiller(self._session, tokenizer)

    @classmethod
    def open(
        cls,
        model: str | Path | None = None,
        *,
        device: str = "auto",
        threads: int | None = None,
        calibrate: bool = True,
    ) -> "FillEngine":
        """Load a model by name or folder; None takes the default model.

        With `calibrate`, the cost of passes by width is measured once for each machine (about a
        second) and remembered.

        Raises:
            ModelError: it is not installed, or not whole.
            RuntimeSetupError: ONNX Runtime or the device is missing.
        """
        folder = resolve(model)
        session = DenoiserSession(folder, device=choose_device(device), threads=threads)
        engine = cls(session, Tokenizer(folder / "tokenizer.json"))
        if calibrate:
            engine.calibrate(threads)
        return engine

    @property
    def device(self) -> str:
        """`cpu` or `cuda`: the provider really in use."""
        return self._session.device

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` is to this model."""
        return len(self._tokenizer.encode(text))

    def calibrate(self, threads: int | None = None, *, again: bool = False) -> None:
        """Measure what a pass costs by width, or recall it from an earlier run."""
        manifest = self.manifest
        record = manifest.files.get(manifest.graph.file)
        key = f"{manifest.name} {record.sha256 if record else ''} {self.device} {threads or 'auto'}"
        path = home() / "calibration" / f"{manifest.name}-{manifest.quantization}-{self.device}.json"
        known = None if again else pass_cost.load(path, key)
        if known is None:
            with self._turn:
                self._session.resume()  # a cancelled fill leaves it stopped
                rows = self._session.length

                def run(width: int) -> None:
                    self._session.truncate(min(rows, self._session.length))
                    self._session.forward(np.zeros(width, np.int64))

                known = pass_cost.measure(run)
            if known.steady:
                pass_cost.save(known, path, key)
        self.cost = known

    def complete(self, request: FillRequest, cancel: CancelToken | None = None) -> FillResult:
        """`fill` without the frames."""
        result: FillResult | None = None
        for item in self.fill(request, cancel):
            if isinstance(item, FillResult):
                result = item
        assert result is not None
        return result

    def fill(self, request: FillRequest, cancel: CancelToken | None = None) -> Iterator[Frame | FillResult]:
        """Denoise the hole: yields a Frame after each pass, and the FillResult last.

        Takes its place as the newest request when the first frame is asked for.

        Raises:
            FillCancelled: `cancel` was cancelled, or a newer request came.
            UsageError: the request can't be run by this model.
        """
        with self._turn_for(request, cancel) as (asked, token):
            yield from self._filler.run(asked, token, deadline=_deadline(asked))

    def complete_several(
        self, request: FillRequest, count: int, cancel: CancelToken | None = None
    ) -> list[FillResult]:
        """Up to `count` texts that differ in more than blanks; fewer where the model sees no other.

        The first is what `complete` gives. The others go another way where the model was least
        certain, and come in order of their mean log-probability. `budget_ms` is for all of them: a
        text that it would cut off is left out, but for the first.

        Raises:
            As `fill` does.
        """
        with self._turn_for(request, cancel) as (asked, token):
            deadline = _deadline(asked)
            first = drain(self._filler.run(asked, token, deadline=deadline))
            results = [first.result]
            seen = {"", likeness(first.result.text)}
            for fill in itertools.islice(first.others(), TRIES * (count - 1)):
                late = deadline is not None and time.perf_counter() >= deadline
                if late or len(results) >= count:
                    break
                other = drain(fill).result
                if other.stop_reason != "budget" and likeness(other.text) not in seen:
                    seen.add(likeness(other.text))
                    results.append(other)
            return results[:1] + sorted(results[1:], key=lambda result: -result.mean_logprob)

    @contextmanager
    def _turn_for(
        self, request: FillRequest, cancel: CancelToken | None
    ) -> Iterator[tuple[FillRequest, CancelToken]]:
        """Be the newest request, and wait until the one before has ended."""
        _check(request)
        token = cancel or CancelToken()
        with self._newest_lock:
            if self._newest is not None:
                self._newest.cancel()
            self._newest = token
        with self._turn:
            token.check()
            self._session.resume()
            token.watch(self._session.terminate)
            try:
                yield _encodable(request), token
            finally:
                token.watch(None)
                with self._newest_lock:
                    if self._newest is token:
                        self._newest = None

    def close(self) -> None:
        """Cancel what runs; the model's memory is freed with the engine."""
        with self._newest_lock:
            if self._newest is not None:
                self._newest.cancel()


def _deadline(request: FillRequest) -> float | None:
    """When a request's time is up, as `time.perf_counter()` tells it."""
    return None if request.budget_ms is None else time.perf_counter() + request.budget_ms / 1e3


def _encodable(request: FillRequest) -> FillRequest:
    """The request without surrogates, which can come through an editor's JSON but never through UTF-8."""
    return replace(
        request,
        prefix=join_surrogates(request.prefix),
        suffix=join_surrogates(request.suffix),
        previous=join_surrogates(request.previous),
        instruction=join_surrogates(request.instruction),
        path=join_surrogates(request.path),
    )


def _check(request: FillRequest) -> None:
    if request.mode not in MODES:
        raise UsageError(f"There is no mode {request.mode!r}; choose one of {', '.join(MODES)}.")
    if request.max_tokens < 1:
        raise UsageError("`max_tokens` must be at least 1.")
