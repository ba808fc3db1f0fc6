"""Fills holes with a causal model: prompt cached, drafts verified, the end joined to the suffix."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from runtime.alternatives import Branch, branched, find_branches
from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.constraints.healing import HealingConstraint
from runtime.decoding.ending import Ending
from runtime.decoding.verified import VerifiedDecoding
from runtime.denoise import Progress, denoise
from runtime.denoisers.causal import CausalDenoiser
from runtime.drafts.acceptance import Acceptance
from runtime.errors import UsageError
from runtime.filling.base import Fill, Written
from runtime.filling.frames import frame_of
from runtime.joining import HEAD_LIMIT, Plausible, best_join
from runtime.pass_cost import PassCost
from runtime.prompts import Prompt, build_prompt
from runtime.request import FillRequest, FillResult
from runtime.samplers.registry import make_sampler
from runtime.session import DenoiserSession
from runtime.stopping import needs_join, rules_for, suffix_begins_line
from runtime.tokenizer import Tokenizer

SAME_PLACE = 64
"""Characters of the suffix by which a hole is known again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """One way to decode a hole, and what was spent before it."""

    request: FillRequest
    cancel: CancelToken
    deadline: float | None
    start: float = field(default_factory=time.perf_counter)
    passes: int = 0
    """Run before, in attempts that came to nothing."""
    avoid: bytes = b""
    """What the text has to begin otherwise than."""
    canvas: Canvas | None = None
    """Slots that are committed from the start."""
    instead: str | None = None
    """The text that this one is another for; tried as a draft."""


class HybridFiller:
    """Decodes what the model itself would write, its context cached between requests."""

    def __init__(self, session: DenoiserSession, tokenizer: Tokenizer, cost: Callable[[], PassCost]) -> None:
        """`cost`: what passes cost on this machine, as far as is known by then."""
        self._cost = cost
        self._manifest = session.manifest
        self._device = session.device
        self._tokenizer = tokenizer
        self._denoiser = CausalDenoiser(session)
        self._acceptance = Acceptance()
        self._end_tokens = frozenset(self._manifest.tokens.eos)
        self._last: tuple[FillRequest, str] | None = None

    def run(self, request: FillRequest, cancel: CancelToken, *, deadline: float | None) -> Fill:
        """Decode the hole."""
        self._refuse_masked_options(request)
        return self._attempt(_Attempt(request=request, cancel=cancel, deadline=deadline))

    def _refuse_masked_options(self, request: FillRequest) -> None:
        asked = {
            "length policy": request.length,
            "cache policy": request.cache if request.cache != "exact" else None,
            "temperature": request.temperature,
            "sampler settings": request.settings,
            "constraint": request.constraint if request.constraint not in ("none", "auto") else None,
        }
        for name, value in asked.items():
            if value:
                raise UsageError(
                    f"{self._manifest.name} writes from left to right and verifies its drafts: it takes no "
                    f"{name}. Leave it out, or use a masked model."
                )

    def _attempt(self, attempt: _Attempt) -> Fill:
        request = attempt.request
        sampler_name = request.sampler or self._manifest.sampler.name
        prompt = build_prompt(self._manifest, self._tokenizer, request)
        canvas = attempt.canvas or Canvas()
        draft = self._previous_text(request) if attempt.instead is None else attempt.instead
        sampler = make_sampler(
            sampler_name,
            context=prompt.ids,
            previous=[*prompt.healed_ids, *self._tokenizer.encode(draft)],
            acceptance=self._acceptance,
            cost=self._cost(),
            end_tokens=self._end_tokens,
            mask_slots=self._manifest.graph.mask_slots,
        )
        cached = self._denoiser.begin(prompt.ids, canvas.committed)
        self._denoiser.prefill(attempt.cancel)
        constraint = HealingConstraint(prompt.healed, self._tokenizer, attempt.avoid)
        for token in canvas.committed:
            constraint.consume(token)
        ending = Ending(
            tokenizer=self._tokenizer,
            rules=rules_for(request, prompt.layout),
            end_tokens=self._end_tokens,
            healed=prompt.healed,
        )
        decoding = VerifiedDecoding(
            self._denoiser,
            sampler,
            constraint,
            ending,
            limit=request.max_tokens + len(prompt.healed_ids),
            canvas=canvas,
        )
        progress: Progress | None = None
        prefilled: float | None = None
        for progress in denoise(decoding, deadline=attempt.deadline, cancel=attempt.cancel):
            now = time.perf_counter()
            prefilled = prefilled or now
            progress.passes += attempt.passes
            if progress.ended is None:
                elapsed = now - attempt.start
                yield frame_of(progress, self._tokenizer, elapsed=elapsed, healed=len(prompt.healed))
        assert progress is not None and progress.ended is not None and prefilled is not None
        empty = not progress.text.strip() and progress.ended in ("suffix", "end")
        if empty and not attempt.avoid and attempt.instead is None:
            # The model went straight on to the suffix; whoever asks for a fill wants something in it.
            again = _Attempt(
                request=request,
                cancel=attempt.cancel,
                deadline=attempt.deadline,
                start=attempt.start,
                passes=progress.passes,
                avoid=request.suffix.encode() or b"\0",
            )
            return (yield from self._attempt(again))
        self._join(request, prompt, progress)
        if attempt.instead is None:
            self._last = request, progress.text
        end = time.perf_counter()
        yield frame_of(progress, self._tokenizer, elapsed=end - attempt.start)
        result = FillResult(
            text=progress.text,
            stop_reason=progress.ended,
            model=self._manifest.name,
            sampler=sampler_name,
            device=self._device,
            layout=prompt.layout,
            tokens=canvas.frontier,
            passes=progress.passes,
            prompt_tokens=len(prompt.ids),
            cached_tokens=cached,
            prefill_ms=(prefilled - attempt.start) * 1e3,
            decode_ms=(end - prefilled) * 1e3,
            total_ms=(end - attempt.start) * 1e3,
            mean_logprob=float(np.mean(canvas.logprobs[: canvas.frontier])),
        )
        yield result
        return Written(
            result=result, canvas=canvas, others=lambda: self._others(attempt, prompt, canvas, progress.text)
        )

    def _others(self, first: _Attempt, prompt: Prompt, canvas: Canvas, text: str) -> Iterator[Fill]:
        """Decodings that go another way where the model was least certain."""
        branches: list[Branch] = find_branches(canvas, self._tokenizer, prompt.healed, text, self._end_tokens)
        for branch in branches:
            yield self._attempt(
                _Attempt(
                    request=first.request,
                    cancel=first.cancel,
                    deadline=first.deadline,
                    avoid=first.avoid,
                    canvas=branched(canvas, branch),
                    instead=text,
                )
            )

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
        if len(prompt.ids) + progress.canvas.frontier + HEAD_LIMIT > self._manifest.context_length:
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
