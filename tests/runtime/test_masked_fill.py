"""Whole fills with masked models: caches that agree, seeds, frames, limits, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures_tiny import TinyModel
from random_decoder import SAMPLE

from runtime.cancellation import CancelToken
from runtime.engine import FillEngine
from runtime.errors import FillCancelled, UsageError
from runtime.request import FillRequest, FillResult, Frame, SlotState
from runtime.samplers.masked.registry import MASKED_SAMPLERS

REQUEST = FillRequest(
    prefix=SAMPLE[:200], suffix=SAMPLE[260:400], mode="region", max_tokens=40, length="fixed:12"
)


def open_model(folder: Path) -> FillEngine:
    return FillEngine.open(folder, device="cpu", threads=1, calibrate=False)


@pytest.fixture
def both(make_tiny_model: TinyModel) -> Iterator[FillEngine]:
    """A bidirectional model that is shifted, so that every pass leads with a token before its block."""
    engine = open_model(make_tiny_model("none", kind="bidirectional", shift=True))
    yield engine
    engine.close()


@pytest.fixture
def blocks(make_tiny_model: TinyModel) -> Iterator[FillEngine]:
    engine = open_model(make_tiny_model("none", kind="block_causal", shift=True, block_length=8))
    yield engine
    engine.close()


def settled(engine: FillEngine, request: FillRequest) -> tuple[list[int], int]:
    """Tokens on the canvas, and passes."""
    from runtime.filling.base import drain

    written = drain(engine._filler.run(request, CancelToken(), deadline=None))
    return written.canvas.ids, written.result.passes


class TestCaches:
    @pytest.mark.parametrize("sampler", MASKED_SAMPLERS)
    @pytest.mark.parametrize("settings", [{}, {"block_slots": 5}], ids=["whole", "blocks of 5"])
    def test_rows_renewed_each_pass_equal_no_cache(
        self, both: FillEngine, sampler: str, settings: dict[str, float]
    ) -> None:
        request = replace(REQUEST, sampler=sampler, settings=settings)
        plain = settled(both, replace(request, cache="none"))
        assert settled(both, replace(request, cache="dual:1")) == plain
        assert settled(both, replace(request, cache="prefix:1")) == plain

    def test_rows_that_are_kept_are_an_approximation(self, both: FillEngine) -> None:
        tokens = {cache: settled(both, replace(REQUEST, cache=cache))[0] for cache in ("none", "dual")}
        assert tokens["none"] != tokens["dual"], "with random weights they differ, or nothing was kept"

    @pytest.mark.parametrize("sampler", MASKED_SAMPLERS)
    @pytest.mark.parametrize("length", ["fixed:13", "blocks"])
    def test_exact_equals_none(self, blocks: FillEngine, sampler: str, length: str) -> None:
        request = replace(REQUEST, sampler=sampler, length=length)
        plain = settled(blocks, replace(request, cache="none"))
        assert settled(blocks, replace(request, cache="exact")) == plain
        assert settled(blocks, replace(request, cache="exact")) == plain, "a warm cache changes nothing"

    def test_a_warm_exact_cache_spares_the_prompt(self, blocks: FillEngine) -> None:
        assert blocks.complete(REQUEST).cached_tokens == 0
        again = blocks.complete(replace(REQUEST, prefix=REQUEST.prefix + "    return"))
        assert again.cached_tokens >= again.prompt_tokens - 16


class TestSettling:
    @pytest.mark.parametrize("sampler", MASKED_SAMPLERS)
    @pytest.mark.parametrize("length", ["fixed:9", "cal", "daedal", "expand-delete", "blocks:4"])
    def test_every_pair_settles_the_whole_canvas(self, both: FillEngine, sampler: str, length: str) -> None:
        items = list(both.fill(replace(REQUEST, sampler=sampler, length=length)))
        result = items[-1]
        assert isinstance(result, FillResult)
        assert 0 <= result.tokens <= REQUEST.max_tokens
        assert result.length_policy == length.partition(":")[0]
        mask = both.manifest.tokens.mask
        tokens, passes = settled(both, replace(REQUEST, sampler=sampler, length=length))
        assert mask not in tokens
        assert all(token >= 0 for token in tokens)
        assert passes == result.passes

    def test_frames_show_the_canvas_settling(self, both: FillEngine) -> None:
        *frames, last, result = both.fill(replace(REQUEST, sampler="low-confidence"))
        assert isinstance(last, Frame)
        assert isinstance(result, FillResult)
        assert last.text == result.text
        masks = []
        for frame in frames:
            assert isinstance(frame, Frame)
            states = [state for _, state in frame.pieces]
            masks.append(states.count(SlotState.MASKED))
            assert frame.text == "".join(text for text, _ in frame.pieces)
        assert masks == list(range(11, 0, -1))

    def test_the_same_seed_gives_the_same_text(self, both: FillEngine) -> None:
        warm = replace(REQUEST, temperature=1.0, seed=3)
        assert settled(both, warm) == settled(both, warm)
        assert len({tuple(settled(both, replace(warm, seed=seed))[0]) for seed in range(4)}) > 1

    @pytest.mark.parametrize("length", ["fixed:12", "cal", "daedal", "blocks:4", "expand-delete"])
    def test_a_constraint_is_obeyed_with_every_length(self, both: FillEngine, length: str) -> None:
        """A random model writes brackets at random, which the grammar forbids somewhere."""
        request = replace(REQUEST, language="python", length=length, sampler="low-confidence")
        free, _ = settled(both, request)
        bound, passes = settled(both, replace(request, constraint="syntax"))
        assert bound != free
        assert all(token >= 0 for token in bound)
        assert passes <= 4 * REQUEST.max_tokens

    def test_the_manifests_sampler_is_the_default(self, both: FillEngine) -> None:
        assert both.complete(REQUEST).sampler == both.manifest.sampler.name == "threshold"
        assert both.complete(replace(REQUEST, length=None)).length_policy == "expand-delete"

    def test_several_texts_differ(self, both: FillEngine) -> None:
        request = replace(REQUEST, mode="block", prefix="", suffix="", sampler="threshold")
        texts = [result.text for result in both.complete_several(request, 3)]
        assert len(texts) == len(set(texts)) == 3
        assert texts[0] == both.complete(request).text

    def test_nothing_around_the_hole_still_has_a_token_to_begin_from(
        self, both: FillEngine, blocks: FillEngine
    ) -> None:
        for engine in (both, blocks):
            result = engine.complete(FillRequest(prefix="", suffix="", length="fixed:6", max_tokens=6))
            assert result.tokens == 6


class TestLimits:
    def test_a_budget_that_is_spent_gives_what_is_settled_from_the_left(self, both: FillEngine) -> None:
        result = both.complete(replace(REQUEST, sampler="low-confidence", budget_ms=0.0))
        assert result.stop_reason == "budget"
        assert result.passes == 1
        assert result.tokens <= 1

    def test_a_cancelled_one_stops(self, both: FillEngine) -> None:
        token = CancelToken()
        fill = both.fill(replace(REQUEST, sampler="low-confidence"), token)
        next(fill)
        token.cancel()
        with pytest.raises(FillCancelled):
            list(fill)
        assert both.complete(REQUEST).tokens == 12

    def test_what_is_far_from_the_hole_is_cut_off(self, both: FillEngine) -> None:
        result = both.complete(replace(REQUEST, prefix=SAMPLE * 40, suffix=SAMPLE * 20))
        assert result.prompt_tokens == both.manifest.context_length - REQUEST.max_tokens
        near = both.complete(replace(REQUEST, prefix=SAMPLE * 39 + "#" + SAMPLE, suffix=SAMPLE * 21))
        assert near.text == result.text

    def test_a_hole_takes_half_of_what_the_model_sees_at_most(self, both: FillEngine) -> None:
        request = replace(REQUEST, prefix=SAMPLE * 40, length="fixed:2000", max_tokens=4000)
        result = both.complete(replace(request, settings={"tau": 0.01}, sampler="threshold"))
        half = both.manifest.context_length // 2
        assert (result.tokens, result.prompt_tokens) == (half, half)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"sampler": "best"}, "no masked sampler 'best'"),
            ({"sampler": "threshold", "settings": {"treshold": 0.5}}, "treshold"),
            ({"sampler": "threshold", "settings": {"threshold": 7.0}}, "threshold"),
            ({"settings": {"block_slots": 0.5}}, "block_slots"),
            ({"settings": {"block_slots": -4.0}}, "block_slots"),
            ({"settings": {"block_slots": float("nan")}}, "block_slots"),
            ({"settings": {"block_slots": float("inf")}}, "block_slots"),
            ({"length": "long"}, "no length policy 'long'"),
            ({"length": "fixed:0"}, "fixed"),
            ({"cache": "exact"}, "no cache policy 'exact'"),
            ({"temperature": -1.0}, "temperature"),
        ],
    )
    def test_what_does_not_exist_is_refused_before_a_pass(
        self, both: FillEngine, change: dict[str, object], message: str
    ) -> None:
        with pytest.raises(UsageError, match=message):
            both.complete(replace(REQUEST, **change))  # type: ignore[arg-type]

    def test_a_causal_model_refuses_what_only_masked_ones_have(self, tiny_model: Path) -> None:
        engine = open_model(tiny_model)
        for change in ({"length": "cal"}, {"temperature": 0.5}, {"cache": "dual"}, {"constraint": "syntax"}):
            with pytest.raises(UsageError, match="masked model"):
                engine.complete(replace(REQUEST, **{"length": None, **change}))  # type: ignore[arg-type]
