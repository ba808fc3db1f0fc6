"""The engine: one request at a time, the newest wins, the cache survives, frames tell the truth."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures_tiny import TinyModel
from random_decoder import SAMPLE

from runtime.cancellation import CancelToken
from runtime.engine import FillEngine
from runtime.errors import FillCancelled, ModelError, UsageError
from runtime.pass_cost import WIDTHS, PassCost
from runtime.prompts import build_prompt
from runtime.request import MODES, FillRequest, FillResult, Frame, SlotState
from runtime.samplers.registry import SOURCES

PATIENCE_S = 30.0
LONG = FillRequest(prefix="x = 1\n", layout="plain", mode="region", max_tokens=30, sampler="greedy")
"""Runs to its limit: the random model neither ends this text nor repeats itself."""


def open_tiny(folder: Path) -> FillEngine:
    return FillEngine.open(folder, device="cpu", threads=1, calibrate=False)


@pytest.fixture
def engine(tiny_model: Path) -> Iterator[FillEngine]:
    engine = open_tiny(tiny_model)
    yield engine
    engine.close()


def outcome(result: FillResult) -> tuple[object, ...]:
    return result.text, result.stop_reason, result.tokens, result.passes


class TestFrames:
    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("sampler", sorted(SOURCES))
    def test_they_lead_to_the_result(self, engine: FillEngine, mode: str, sampler: str) -> None:
        engine.cost = PassCost([1.0] * len(WIDTHS))
        request = FillRequest(
            prefix=SAMPLE[:200],
            suffix=SAMPLE[260:],
            mode=mode,  # type: ignore[arg-type]
            sampler=sampler,
            previous=SAMPLE[200:260],
            max_tokens=30,
        )
        *frames, result = engine.fill(request)
        assert isinstance(result, FillResult)
        assert frames
        for frame in frames:
            assert isinstance(frame, Frame)
            assert "".join(text for text, _ in frame.pieces) == frame.text
        last = frames[-1]
        assert isinstance(last, Frame)
        assert last.text == result.text
        assert last.pieces == ((result.text, SlotState.COMMITTED),)

    def test_passes_and_tokens_only_grow(self, engine: FillEngine) -> None:
        *frames, result = engine.fill(LONG)
        assert len(frames) > 5
        assert [frame.pass_index for frame in frames] == list(range(1, len(frames) + 1))  # type: ignore[union-attr]
        committed = [frame.committed_tokens for frame in frames]  # type: ignore[union-attr]
        assert committed == sorted(committed)
        assert isinstance(result, FillResult)
        assert committed[-1] == result.tokens
        assert result.passes == len(frames)

    def test_committed_text_never_changes(self, engine: FillEngine) -> None:
        settled = ""
        for frame in engine.fill(replace(LONG, sampler="self-verify", previous=SAMPLE[:40])):
            if isinstance(frame, FillResult):
                break
            now = "".join(text for text, state in frame.pieces if state is SlotState.COMMITTED)
            assert now.startswith(settled.removesuffix("\ufffd")) or len(frame.pieces) == 1
            settled = now

    def test_a_hole_that_must_not_be_empty_is_one_fill(self, engine: FillEngine) -> None:
        """The model writes the suffix at once, and is asked again: passes and time go on counting."""
        suffix = engine.complete(LONG).text[:25]
        *frames, result = engine.fill(replace(LONG, suffix=suffix))
        assert isinstance(result, FillResult)
        assert result.text.strip()
        indices = [frame.pass_index for frame in frames]  # type: ignore[union-attr]
        assert indices == sorted(set(indices))
        assert indices[-1] == result.passes > result.tokens

    def test_what_is_healed_is_not_shown(self, engine: FillEngine) -> None:
        request = FillRequest(prefix="def f(item", layout="plain", mode="region", max_tokens=6)
        *_, result = engine.fill(request)
        assert isinstance(result, FillResult)
        assert result.tokens >= 2


class TestCache:
    def test_a_keystroke_costs_what_changed(self, engine: FillEngine) -> None:
        request = FillRequest(prefix=SAMPLE, suffix="\n# end\n", layout="fim", mode="line", max_tokens=4)
        first = engine.complete(request)
        assert first.cached_tokens == 0
        assert first.prompt_tokens > 100
        text = request.prefix
        for character in "for item in":
            text += character
            result = engine.complete(replace(request, prefix=text))
            assert result.cached_tokens >= result.prompt_tokens - 4
        assert result.cached_tokens >= first.prompt_tokens

    def test_a_warm_cache_changes_no_answer(self, engine: FillEngine, tiny_model: Path) -> None:
        other = FillRequest(prefix=SAMPLE[:150] + "x = [1, 2]\n", suffix="\ny\n", max_tokens=20)
        requests = [replace(LONG, sampler=None), other, replace(other, prefix=SAMPLE[:180]), other]
        for request in requests:
            warm, fresh = engine.complete(request), open_tiny(tiny_model).complete(request)
            assert (warm.text, warm.tokens) == (fresh.text, fresh.tokens)

    def test_long_prompts_are_run_in_pieces(self, engine: FillEngine, tiny_model: Path) -> None:
        request = replace(LONG, prefix=SAMPLE * 10, sampler=None)
        result = engine.complete(request)
        assert result.prompt_tokens > 1200
        assert result.text == open_tiny(tiny_model).complete(replace(request, sampler="greedy")).text


class TestNewestWins:
    def test_the_older_request_ends_within_one_pass(self, engine: FillEngine) -> None:
        token, started, cancelled = CancelToken(), threading.Event(), threading.Event()
        after: list[object] = []

        def run_older() -> None:
            older = engine.fill(LONG, token)
            next(older)
            started.set()
            token.watch(cancelled.set)
            cancelled.wait(PATIENCE_S)
            try:
                after.append(next(older))
            except FillCancelled as error:
                after.append(error)
            older.close()  # type: ignore[attr-defined]

        thread = threading.Thread(target=run_older)
        thread.start()
        assert started.wait(PATIENCE_S)
        newer = engine.complete(FillRequest(prefix="x", max_tokens=3))
        thread.join(PATIENCE_S)
        assert newer.tokens >= 1
        assert [type(item) for item in after] == [FillCancelled]

    def test_of_many_only_the_last_is_sure_to_finish(self, engine: FillEngine, tiny_model: Path) -> None:
        expected = open_tiny(tiny_model).complete(LONG)
        outcomes: list[object] = []

        def run(number: int) -> None:
            try:
                outcomes.append(engine.complete(replace(LONG, prefix=SAMPLE + "#" * number)))
            except FillCancelled as error:
                outcomes.append(error)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert len(outcomes) == 8
        assert any(isinstance(item, FillResult) for item in outcomes)
        assert outcome(engine.complete(LONG)) == outcome(expected)


class TestCancel:
    def test_between_passes(self, engine: FillEngine, tiny_model: Path) -> None:
        token = CancelToken()
        running = engine.fill(LONG, token)
        next(running)
        token.cancel()
        with pytest.raises(FillCancelled):
            next(running)
        expected = open_tiny(tiny_model).complete(LONG)
        assert outcome(engine.complete(LONG)) == outcome(expected)

    def test_before_it_began(self, engine: FillEngine) -> None:
        token = CancelToken()
        token.cancel()
        with pytest.raises(FillCancelled):
            engine.complete(LONG, token)
        assert engine.complete(LONG).tokens > 0

    def test_in_the_middle_of_a_pass(self, engine: FillEngine) -> None:
        """Cancelled from another thread while a long prompt is run: it ends at once, not at its end."""
        token, stopped = CancelToken(), threading.Event()

        def run() -> None:
            with pytest.raises(FillCancelled):
                for number in range(10_000):
                    engine.complete(replace(LONG, prefix=f"{number}\n" + SAMPLE * 10, max_tokens=1), token)
            stopped.set()

        thread = threading.Thread(target=run)
        thread.start()
        threading.Event().wait(0.05)
        asked = time.perf_counter()
        token.cancel()
        assert stopped.wait(PATIENCE_S)
        assert time.perf_counter() - asked < 1.0
        thread.join()
        assert engine.complete(LONG).tokens > 0

    def test_a_generator_closed_early_gives_its_turn_back(self, engine: FillEngine) -> None:
        running = engine.fill(LONG)
        next(running)
        running.close()  # type: ignore[attr-defined]
        done = threading.Event()

        def run() -> None:
            engine.complete(LONG)
            done.set()

        threading.Thread(target=run, daemon=True).start()
        assert done.wait(PATIENCE_S)

    def test_close_cancels(self, engine: FillEngine) -> None:
        running = engine.fill(LONG)
        next(running)
        engine.close()
        with pytest.raises(FillCancelled):
            next(running)

    def test_calibration_runs_after_a_cancelled_fill(
        self, engine: FillEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SPANFILL_HOME", str(tmp_path))
        token = CancelToken()
        running = engine.fill(LONG, token)
        next(running)
        token.cancel()
        with pytest.raises(FillCancelled):
            next(running)
        engine.calibrate(again=True)
        assert engine.cost.measured
        assert engine.complete(LONG).tokens > 0


class TestLimits:
    def test_a_budget_returns_what_is_verified(self, engine: FillEngine) -> None:
        whole = engine.complete(LONG)
        part = engine.complete(replace(LONG, budget_ms=0.0))
        assert part.stop_reason == "budget"
        assert part.passes == 1
        assert whole.text.startswith(part.text)
        assert part.tokens < whole.tokens

    def test_a_wide_budget_changes_nothing(self, engine: FillEngine) -> None:
        assert outcome(engine.complete(replace(LONG, budget_ms=1e6))) == outcome(engine.complete(LONG))

    @pytest.mark.parametrize("sampler", sorted(SOURCES))
    @pytest.mark.parametrize("limit", [1, 2, 7])
    def test_no_more_tokens_than_asked(self, engine: FillEngine, sampler: str, limit: int) -> None:
        engine.cost = PassCost([1.0] * len(WIDTHS))
        previous = engine.complete(LONG).text
        prompt = build_prompt(engine.manifest, engine._tokenizer, LONG)
        result = engine.complete(replace(LONG, sampler=sampler, max_tokens=limit, previous=previous))
        assert result.tokens == limit + len(prompt.healed_ids)
        assert result.stop_reason == "length"

    @pytest.mark.parametrize("suffix", ["", "\n    return result\n"])
    @pytest.mark.parametrize("room", range(4))
    def test_a_context_filled_to_the_brim(self, engine: FillEngine, suffix: str, room: int) -> None:
        """Drafts and the suffix's trial run behind the text must not run out of the context."""
        engine.cost = PassCost([1.0] * len(WIDTHS))
        context = engine.manifest.context_length
        short = FillRequest(prefix="x\n", suffix=suffix, layout="fim", mode="region", max_tokens=40)
        used = len(build_prompt(engine.manifest, engine._tokenizer, short).ids)
        lines = (context - used - short.max_tokens - room) // len(engine._tokenizer.encode("x\n"))
        request = replace(short, prefix="x\n" * (lines + 1), previous="x\n" * 40)
        while True:
            try:
                build_prompt(engine.manifest, engine._tokenizer, request)
                break
            except UsageError:
                request = replace(request, prefix=request.prefix[2:])
        result = engine.complete(request)
        assert result.tokens >= 1

    def test_too_much_text_is_one_clear_sentence(self, engine: FillEngine) -> None:
        with pytest.raises(UsageError, match="Send less of it"):
            engine.complete(replace(LONG, prefix="x\n" * 5000))
        assert engine.complete(LONG).tokens > 0


class TestBadRequests:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"mode": "page"}, "There is no mode 'page'"),
            ({"max_tokens": 0}, "`max_tokens` must be at least 1"),
            ({"sampler": "magic"}, "There is no sampler 'magic'"),
            ({"layout": "odd"}, "has no prompt layout 'odd'"),
        ],
    )
    def test_are_refused(self, engine: FillEngine, changes: dict[str, object], sentence: str) -> None:
        with pytest.raises(UsageError, match=sentence):
            engine.complete(replace(LONG, **changes))  # type: ignore[arg-type]
        assert engine.complete(LONG).tokens > 0

    @pytest.mark.parametrize("text", ["", "\0", "\ud800", "x\ud83d", "🙂\r\n\t", "\ufeff"])
    @pytest.mark.parametrize("mode", MODES)
    def test_odd_text_does_no_harm(self, engine: FillEngine, text: str, mode: str) -> None:
        request = FillRequest(
            prefix=text,
            suffix=text,
            previous=text,
            instruction=text,
            mode=mode,  # type: ignore[arg-type]
            max_tokens=8,
        )
        result = engine.complete(request)
        result.text.encode()


def test_a_model_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANFILL_HOME", str(tmp_path))
    with pytest.raises(ModelError):
        FillEngine.open("nothing", device="cpu")


@pytest.mark.parametrize("quantization", ["none", "fp16", "int4"])
@pytest.mark.parametrize("adapter", [False, True])
def test_every_kind_of_graph_fills(make_tiny_model: TinyModel, quantization: str, adapter: bool) -> None:
    engine = open_tiny(make_tiny_model(quantization, adapter=adapter))
    result = engine.complete(replace(LONG, sampler=None))
    assert result.tokens > 1
    assert result.device == "cpu"
    assert result.model == f"tiny-{quantization}"
    assert result.tokens_per_pass == result.tokens / result.passes
    assert result.mean_logprob < 0
