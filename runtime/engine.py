"""One model, loaded: runs fill requests one at a time and keeps the context cache between them.

Knows requests, token ids and sessions; does not know documents or editors.
"""

import logging
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from runtime import pass_cost
from runtime.alternatives import TRIES, Branch, branched, find_branches, likeness
from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.constraint import HealingConstraint
from runtime.denoise import Limits, Progress, denoise
from runtime.denoiser import CausalDenoiser
from runtime.drafts.acceptance import Acceptance
from runtime.errors import UsageError
from runtime.joining import HEAD_LIMIT, Plausible, best_join
from runtime.manifest import Manifest
from runtime.pass_cost import PassCost
from runtime.prompts import Prompt, build_prompt
from runtime.providers import choose_device
from runtime.request import MODES, FillRequest, FillResult, Frame, SlotState
from runtime.samplers.registry import make_sampler
from runtime.session import DenoiserSession
from runtime.stopping import needs_join, rules_for, suffix_begins_line
from runtime.store import home, resolve
from runtime.tokenizer import Tokenizer, join_surrogates

log = logging.getLogger(__name__)

MASK_SIGN = "░"

SAME_PLACE = 64
"""Characters of the suffix by which a hole is known again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """What one decoding of a hole came to."""

    prompt: Prompt
    canvas: Canvas
    avoid: bytes
    """What the text had to begin otherwise than."""
    result: FillResult


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
        self._denoiser = CausalDenoiser(session)
        self._acceptance = Acceptance()
        self._end_tokens = frozenset(self.manifest.tokens.eos)
        self._turn = threading.Lock()
        self._newest_lock = threading.Lock()
        self._newest: CancelToken | None = None
        self._last: tuple[FillRequest, str] | None = None

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
            yield from self._run(asked, token, deadline=_deadline(asked))

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
            first = _drain(self._run(asked, token, deadline=deadline))
            results = [first.result]
            seen = {"", likeness(first.result.text)}
            for branch in self._branches(first)[: TRIES * (count - 1)]:
                late = deadline is not None and time.perf_counter() >= deadline
                if late or len(results) >= count:
                    break
                other = _drain(self._run(asked, token, deadline=deadline, instead=(first, branch))).result
                if other.stop_reason != "budget" and likeness(other.text) not in seen:
                    seen.add(likeness(other.text))
                    results.append(other)
            return results[:1] + sorted(results[1:], key=lambda result: -result.mean_logprob)

    def _branches(self, first: _Written) -> list[Branch]:
        text = first.result.text
        return find_branches(first.canvas, self._tokenizer, first.prompt.healed, text, self._end_tokens)

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

    def _run(
        self,
        request: FillRequest,
        cancel: CancelToken,
        *,
        deadline: float | None,
        start: float | None = None,
        passes_before: int = 0,
        avoid: bytes = b"",
        instead: tuple[_Written, Branch] | None = None,
    ) -> Generator[Frame | FillResult, None, _Written]:
        """Decode once; `instead` of a text that is there already, from one of its branches on."""
        start = start or time.perf_counter()
        sampler_name = request.sampler or self.manifest.sampler.name
        prompt = build_prompt(self.manifest, self._tokenizer, request)
        if instead is None:
            canvas, before = Canvas(), self._previous_text(request)
        else:
            first, branch = instead
            canvas, before, avoid = branched(first.canvas, branch), first.result.text, first.avoid
        previous = [*prompt.healed_ids, *self._tokenizer.encode(before)]
        sampler = make_sampler(
            sampler_name,
            context=prompt.ids,
            previous=previous,
            acceptance=self._acceptance,
            cost=self.cost,
            end_tokens=self._end_tokens,
        )
        cached = self._denoiser.begin(prompt.ids, canvas.committed)
        self._denoiser.prefill(cancel)
        constraint = HealingConstraint(prompt.healed, self._tokenizer, avoid)
        for token in canvas.committed:
            constraint.consume(token)
        limits = Limits(
            tokens=request.max_tokens + len(prompt.healed_ids),
            deadline=deadline,
        )
        progress: Progress | None = None
        prefilled: float | None = None
        for progress in denoise(
            self._denoiser,
            sampler,
            self._tokenizer,
            constraint,
            healed=prompt.healed,
            rules=rules_for(request, prompt.layout),
            end_tokens=self._end_tokens,
            limits=limits,
            cancel=cancel,
            canvas=canvas,
        ):
            now = time.perf_counter()
            prefilled = prefilled or now
            progress.passes += passes_before
            if progress.ended is None:
                yield self._frame(progress, prompt, start, now)
        assert progress is not None and progress.ended is not None and prefilled is not None
        empty = not progress.text.strip() and progress.ended in ("suffix", "end")
        if empty and not avoid and instead is None:
            # The model went straight on to the suffix; whoever asks for a fill wants something in it.
            avoided = request.suffix.encode() or b"\0"
            return (
                yield from self._run(
                    request,
                    cancel,
                    deadline=deadline,
                    start=start,
                    passes_before=progress.passes,
                    avoid=avoided,
                )
            )
        self._join(request, prompt, progress)
        if instead is None:
            self._last = request, progress.text
        end = time.perf_counter()
        canvas = progress.canvas
        yield self._frame(progress, prompt, start, end)
        result = FillResult(
            text=progress.text,
            stop_reason=progress.ended,
            model=self.manifest.name,
            sampler=sampler_name,
            device=self.device,
            layout=prompt.layout,
            tokens=canvas.frontier,
            passes=progress.passes,
            prompt_tokens=len(prompt.ids),
            cached_tokens=cached,
            prefill_ms=(prefilled - start) * 1e3,
            decode_ms=(end - prefilled) * 1e3,
            total_ms=(end - start) * 1e3,
            mean_logprob=float(np.mean(canvas.logprobs[: canvas.frontier])),
        )
        yield result
        return _Written(prompt=prompt, canvas=canvas, avoid=avoid, result=result)

    def _previous_text(self, request: FillRequest) -> str:
        """What the hole held before: as the request says, else what was filled in here last.

        A keystroke often changes nothing about what follows; the old answer, less what was typed of
        it, is then verified in a pass or two.
        """
        if request.previous or self._last is None:
            return request.previous
        older, text = self._last
        if older.suffix[:SAME_PLACE] != request.suffix[:SAME_PLACE]:
            return ""
        typed = request.prefix.removeprefix(older.prefix)
        if len(typed) == len(request.prefix) and older.prefix:
            return ""
        return text.removeprefix(typed) if text.startswith(typed) else text

    def _join(self, request: FillRequest, prompt: Prompt, progress: Progress) -> None:
        """Where the text ended without meeting the suffix, cut it where the suffix fits best."""
        if progress.ended in ("suffix", "budget") or not needs_join(request):
            return
        if len(prompt.ids) + progress.canvas.frontier + HEAD_LIMIT > self.manifest.context_length:
            return  # no room to run the suffix's beginning behind the text
        hole = best_join(
            progress.canvas,
            self._denoiser,
            self._tokenizer,
            prompt.healed,
            request.suffix,
            at_line_start=suffix_begins_line(request),
            plausible=Plausible(request.prefix, request.suffix),
        )
        if hole is not None:
            progress.text, progress.ended = hole.decode("utf-8", "ignore"), "suffix"

    def _frame(self, progress: Progress, prompt: Prompt, start: float, now: float) -> Frame:
        canvas = progress.canvas
        if progress.ended is None:
            pieces = self._pieces(canvas, prompt)
        else:
            pieces = ((progress.text, SlotState.COMMITTED),)
        elapsed = now - start
        return Frame(
            text="".join(text for text, _ in pieces),
            pieces=pieces,
            pass_index=progress.passes,
            committed_tokens=canvas.frontier,
            elapsed_ms=elapsed * 1e3,
            tokens_per_second=canvas.frontier / elapsed if elapsed else 0.0,
        )

    def _pieces(self, canvas: Canvas, prompt: Prompt) -> tuple[tuple[str, SlotState], ...]:
        """Slot texts; bytes of a character split over slots show with the slot that ends it."""
        pieces: list[tuple[str, SlotState]] = []
        skip = len(prompt.healed)
        held = b""
        for token, state in zip(canvas.ids, canvas.states, strict=True):
            if state is SlotState.MASKED:
                pieces.append((MASK_SIGN, state))
                continue
            text = held + self._tokenizer.token_bytes(token)
            dropped = min(skip, len(text))
            skip -= dropped
            try:
                pieces.append((text[dropped:].decode(), state))
                held = b""
            except UnicodeDecodeError:
                held = text[dropped:]
        return tuple(pieces)

    def close(self) -> None:
        """Cancel what runs; the model's memory is freed with the engine."""
        with self._newest_lock:
            if self._newest is not None:
                self._newest.cancel()


def _deadline(request: FillRequest) -> float | None:
    """When a request's time is up, as `time.perf_counter()` tells it."""
    return None if request.budget_ms is None else time.perf_counter() + request.budget_ms / 1e3


def _drain(run: Generator[Frame | FillResult, None, _Written]) -> _Written:
    """Run to the end; whoever wants one text sees no frames."""
    while True:
        try:
            next(run)
        except StopIteration as end:
            written: _Written = end.value
            return written


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
