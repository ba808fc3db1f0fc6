"""Fills holes with a masked model: a canvas between two texts, settled in any order."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from runtime.caches.registry import cache_name, make_cache
from runtime.cancellation import CancelToken
from runtime.constraints.base import Constraint, Unconstrained
from runtime.decoding.ending import Ending
from runtime.decoding.masked import MaskedDecoding
from runtime.denoise import Progress, denoise
from runtime.denoisers.base import MaskedDenoiser
from runtime.denoisers.bidirectional import BidirectionalDenoiser
from runtime.denoisers.block_causal import BlockCausalDenoiser
from runtime.errors import UsageError
from runtime.filling.base import Fill, Written
from runtime.filling.frames import frame_of
from runtime.lengths.base import LengthPolicy
from runtime.lengths.registry import OPEN_ENDED, make_length
from runtime.lengths.tokens import barred_tokens, unwritten_tokens
from runtime.request import FillRequest, FillResult, Mode
from runtime.samplers.masked.base import MaskedSampler
from runtime.samplers.masked.registry import make_masked_sampler
from runtime.session import DenoiserSession
from runtime.span_prompt import build_span_prompt
from runtime.stopping import rules_for
from runtime.tokenizer import Tokenizer

DEFAULT_SLOTS: dict[Mode, int] = {"line": 16, "block": 32, "function": 64, "region": 32}
"""Slots of a canvas whose length nothing tells."""

OTHER_TEMPERATURE = 0.8
OTHER_SEEDS = 8
"""Other texts are sampled: so warm, and with so many seeds at most."""


def _whole_slots(number: float | None) -> int | None:
    """The slots that a sampler denoises together, None for all of them.

    Raises:
        UsageError: it is no whole number of slots.
    """
    if number is None:
        return None
    if not (number >= 1 and float(number).is_integer()):
        raise UsageError(f"The sampler setting 'block_slots' is {number:g}; it takes a whole number from 1.")
    return int(number)


class MaskedFiller:
    """Denoises a canvas with whatever sampler, length policy and cache policy a request names."""

    def __init__(self, session: DenoiserSession, tokenizer: Tokenizer) -> None:
        self._session = session
        self._manifest = session.manifest
        self._tokenizer = tokenizer
        self._unwritten = unwritten_tokens(self._manifest.tokens)
        self._exact: BlockCausalDenoiser | None = None
        """Kept, for its cache outlives a request."""

    def run(self, request: FillRequest, cancel: CancelToken, *, deadline: float | None) -> Fill:
        """Decode the hole."""
        start = time.perf_counter()
        manifest = self._manifest
        limit = min(request.max_tokens, manifest.context_length // 2)
        prompt = build_span_prompt(manifest, self._tokenizer, request, limit)
        origin = len(prompt.before)
        length = make_length(
            request.length or "auto",
            tokens=manifest.tokens,
            origin=origin,
            block_length=manifest.block_length,
            default_slots=min(self._slots(request), limit),
        )
        name = request.sampler or manifest.sampler.name
        settings = dict(manifest.sampler.settings) if name == manifest.sampler.name else {}
        settings.update(request.settings)
        block_slots = _whole_slots(settings.pop("block_slots", manifest.block_length))
        # Blocks are counted from the text's first token; a sampler counts slots.
        first_block = -origin % block_slots if block_slots else 0

        def sampler(slots: int) -> MaskedSampler:
            return make_masked_sampler(
                name,
                settings=settings,
                slots=slots,
                block_slots=block_slots,
                origin=first_block,
                temperature=request.temperature,
                seed=request.seed,
            )

        sampler(1)  # a bad name or setting is told before any pass is run
        constraint = self._constraint(request, length)
        ending = Ending(
            tokenizer=self._tokenizer, rules=rules_for(request, prompt.layout), end_tokens=frozenset()
        )
        denoiser = self._denoiser(request)
        cached = denoiser.begin(prompt.before, prompt.after, cancel)
        decoding = MaskedDecoding(
            denoiser,
            sampler,
            length,
            constraint,
            ending,
            unwritten=self._unwritten,
            limit=limit,
        )
        progress: Progress | None = None
        prefilled: float | None = None
        for progress in denoise(decoding, deadline=deadline, cancel=cancel):
            now = time.perf_counter()
            prefilled = prefilled or now
            if progress.ended is None:
                yield frame_of(progress, self._tokenizer, elapsed=now - start, unwritten=self._unwritten)
        assert progress is not None and progress.ended is not None and prefilled is not None
        end = time.perf_counter()
        yield frame_of(progress, self._tokenizer, elapsed=end - start)
        canvas = progress.canvas
        settled = canvas.committed if progress.ended == "budget" else canvas.ids
        result = FillResult(
            text=progress.text,
            stop_reason=progress.ended,
            model=manifest.name,
            sampler=name,
            device=self._session.device,
            layout=prompt.layout,
            tokens=len(settled),
            passes=progress.passes,
            prompt_tokens=prompt.tokens,
            cached_tokens=cached,
            prefill_ms=(prefilled - start) * 1e3,
            decode_ms=(end - prefilled) * 1e3,
            total_ms=(end - start) * 1e3,
            mean_logprob=float(np.mean(canvas.logprobs[: len(settled)])) if settled else 0.0,
            length_policy=length.name,
            cache_policy=cache_name(request.cache, manifest),
        )
        yield result
        return Written(result=result, canvas=canvas, others=lambda: self._others(request, cancel, deadline))

    def _constraint(self, request: FillRequest, length: LengthPolicy) -> Constraint:
        if request.constraint == "none":
            return Unconstrained()
        # Delayed: it brings the parser.
        from runtime.constraints.registry import make_constraint

        return make_constraint(
            request.constraint,
            prefix=request.prefix,
            suffix=request.suffix,
            language=request.language,
            tokenizer=self._tokenizer,
            drop=self._unwritten,
            gaps=barred_tokens(self._manifest.tokens),
            open_end=length.name in OPEN_ENDED,
            ends_file=request.ends_file,
        )

    def _slots(self, request: FillRequest) -> int:
        """A guess at the hole's length: what it held before, else what such holes hold."""
        held = len(self._tokenizer.encode(request.previous)) if request.previous else 0
        return held or DEFAULT_SLOTS[request.mode]

    def _denoiser(self, request: FillRequest) -> MaskedDenoiser:
        if self._manifest.attention != "block_causal":
            return BidirectionalDenoiser(self._session, make_cache(request.cache, self._manifest))
        reuse = cache_name(request.cache, self._manifest) == "exact"
        if self._exact is None or not reuse:
            self._session.truncate(0)
            self._exact = BlockCausalDenoiser(self._session, reuse=reuse)
        denoiser = self._exact
        if not reuse:
            self._exact = None
        return denoiser

    def _others(self, request: FillRequest, cancel: CancelToken, deadline: float | None) -> Iterator[Fill]:
        """Decodings at a temperature, each with a seed of its own."""
        for seed in range(1, OTHER_SEEDS + 1):
            warm = replace(request, temperature=OTHER_TEMPERATURE, seed=request.seed + seed)
            yield self.run(warm, cancel, deadline=deadline)
