"""Second and third candidates: different texts, the greedy one first, each at the cost of its own tokens."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_decoder import SAMPLE

from runtime.alternatives import WIDEST_GAP, branched, find_branches, likeness
from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.denoisers.causal import CausalDenoiser
from runtime.engine import FillEngine
from runtime.errors import FillCancelled
from runtime.filling.base import Fill, drain
from runtime.filling.hybrid import HybridFiller
from runtime.prompts import build_prompt
from runtime.request import MODES, FillRequest, FillResult
from runtime.tokenizer import Tokenizer

LINE = FillRequest(prefix=SAMPLE[:200], suffix="\n" + SAMPLE[260:], mode="line", max_tokens=20)
LONG = FillRequest(prefix="x = 1\n", layout="plain", mode="region", max_tokens=20)
"""Runs to its limit: the random model does not end this text."""


def open_tiny(folder: Path) -> FillEngine:
    return FillEngine.open(folder, device="cpu", threads=1, calibrate=False)


@pytest.fixture
def engine(tiny_model: Path) -> Iterator[FillEngine]:
    engine = open_tiny(tiny_model)
    yield engine
    engine.close()


def said(result: FillResult) -> tuple[object, ...]:
    return result.text, result.stop_reason, result.tokens, result.mean_logprob


class TestSeveral:
    @pytest.mark.parametrize("mode", MODES)
    @pytest.mark.parametrize("sampler", ["greedy", "self-verify"])
    def test_the_first_is_the_greedy_one(self, tiny_model: Path, mode: str, sampler: str) -> None:
        request = replace(LINE, mode=mode, sampler=sampler)  # type: ignore[arg-type]
        one = FillEngine.open(tiny_model, device="cpu", threads=1, calibrate=False).complete(request)
        several = FillEngine.open(tiny_model, device="cpu", threads=1, calibrate=False).complete_several(
            request, 3
        )
        assert said(several[0]) == said(one)

    @pytest.mark.parametrize("request_", [LINE, LONG], ids=["line", "region"])
    def test_all_differ_in_more_than_blanks(self, engine: FillEngine, request_: FillRequest) -> None:
        results = engine.complete_several(request_, 4)
        assert len(results) == 4
        assert len({likeness(result.text) for result in results}) == 4
        assert all(result.text.strip() for result in results)

    def test_the_likelier_come_first(self, engine: FillEngine) -> None:
        others = [result.mean_logprob for result in engine.complete_several(LONG, 6)[1:]]
        assert len(others) == 5
        assert others == sorted(others, reverse=True)

    def test_one_is_one(self, engine: FillEngine) -> None:
        assert len(engine.complete_several(LINE, 1)) == 1

    @pytest.mark.parametrize("sampler", ["greedy", "self-verify"])
    def test_the_rest_of_it_is_the_models_own(self, engine: FillEngine, sampler: str) -> None:
        """After a branch, token for token what the likeliest next token of a plain pass gives."""
        request = replace(LONG, sampler=sampler)
        prompt = build_prompt(engine.manifest, engine._tokenizer, request)
        assert prompt.healed == b""
        first = drain(engine._filler.run(request, CancelToken(), deadline=None))
        end_tokens = frozenset(engine.manifest.tokens.eos)
        branches = find_branches(first.canvas, engine._tokenizer, b"", first.result.text, end_tokens)[:4]
        assert len(branches) == 4
        for branch, fill in zip(branches, first.others(), strict=False):
            other = drain(fill)
            tokens = [*first.canvas.committed[: branch.slot], branch.token]
            assert other.canvas.frontier > len(tokens)
            engine._session.truncate(0)
            while len(tokens) < other.canvas.frontier:
                ids = np.array([*prompt.ids, *tokens])
                tokens.append(int(engine._session.forward(ids, skip=len(ids) - 1).top_ids[-1, 0]))
            assert other.canvas.committed == tokens
            engine._filler._denoiser = CausalDenoiser(engine._session)  # type: ignore[attr-defined]

    def test_the_prompt_is_not_run_again(self, engine: FillEngine) -> None:
        _, *others = engine.complete_several(replace(LINE, prefix=SAMPLE), 3)
        assert others
        for other in others:
            assert other.prompt_tokens > 100
            assert other.cached_tokens >= other.prompt_tokens - 1

    def test_drafts_change_nothing(self, engine: FillEngine) -> None:
        plain, drafted = (
            engine.complete_several(replace(LONG, sampler=name), 3) for name in ("greedy", "self-verify")
        )
        assert [result.text for result in drafted] == [result.text for result in plain]

    def test_a_branch_that_leads_to_the_same_text_gives_none(self, engine: FillEngine) -> None:
        class Repeating(HybridFiller):
            def _others(self, *arguments: object) -> Iterator[Fill]:
                for fill in super()._others(*arguments):  # type: ignore[arg-type]
                    yield fill
                    yield next(super()._others(*arguments))  # type: ignore[arg-type]

        engine._filler = Repeating(engine._session, engine._tokenizer, lambda: engine.cost)
        results = engine.complete_several(LONG, 3)
        assert len({likeness(result.text) for result in results}) == len(results) == 3

    def test_the_next_fill_drafts_from_the_greedy_text(self, engine: FillEngine) -> None:
        first, *_ = engine.complete_several(LONG, 3)
        assert isinstance(engine._filler, HybridFiller)
        assert engine._filler._last is not None
        assert engine._filler._last[1] == first.text


class TestLimits:
    def test_a_budget_that_is_spent_leaves_one(self, engine: FillEngine) -> None:
        results = engine.complete_several(replace(LONG, budget_ms=0.0), 3)
        assert [result.stop_reason for result in results] == ["budget"]

    def test_no_more_tokens_than_asked(self, engine: FillEngine) -> None:
        limit = max(result.tokens for result in engine.complete_several(replace(LONG, max_tokens=1), 3))
        assert limit == engine.complete(replace(LONG, max_tokens=1)).tokens

    def test_cancelling_stops_it(self, engine: FillEngine) -> None:
        token = CancelToken()
        begun = 0

        class Cancelling(HybridFiller):
            def _others(self, *arguments: object) -> Iterator[Fill]:
                nonlocal begun
                begun += 1
                token.cancel()  # once the first text is there
                return super()._others(*arguments)  # type: ignore[arg-type]

        engine._filler = Cancelling(engine._session, engine._tokenizer, lambda: engine.cost)
        with pytest.raises(FillCancelled):
            engine.complete_several(LONG, 3, token)
        assert begun == 1
        assert len(engine.complete_several(LONG, 1)) == 1


@pytest.fixture
def tokenizer(tiny_model: Path) -> Tokenizer:
    return Tokenizer(tiny_model / "tokenizer.json")


def canvas_of(tokenizer: Tokenizer, *slots: list[tuple[str, float]]) -> Canvas:
    """Slots from what was offered for each, the chosen token first."""
    canvas = Canvas(len(slots))
    for slot, offered in enumerate(slots):
        ids = [tokenizer.first_token(text.encode()) if text else 0 for text, _ in offered]
        canvas.commit(slot, ids[0], offered[0][1], (ids, [logprob for _, logprob in offered]))
    return canvas


class TestBranches:
    def test_the_nearest_runner_up_comes_first(self, tokenizer: Tokenizer) -> None:
        canvas = canvas_of(tokenizer, [("a", -0.1), ("b", -2.5)], [("c", -0.6), ("d", -0.9)])
        branches = find_branches(canvas, tokenizer, b"", "ac", frozenset())
        assert [(branch.slot, tokenizer.token_bytes(branch.token)) for branch in branches] == [
            (1, b"d"),
            (0, b"b"),
        ]

    def test_the_first_line_comes_first(self, tokenizer: Tokenizer) -> None:
        canvas = canvas_of(tokenizer, [("a", -0.1), ("b", -1.0)], [("\n", 0.0)], [("c", -0.6), ("d", -0.9)])
        slots = [branch.slot for branch in find_branches(canvas, tokenizer, b"", "a\nc", frozenset())]
        assert slots == [0, 2]

    @pytest.mark.parametrize(
        "runner_up",
        [
            pytest.param(" ", id="blank for blank"),
            pytest.param("x", id="too unlikely"),
            pytest.param("", id="end of text"),
        ],
    )
    def test_no_alternative(self, tokenizer: Tokenizer, runner_up: str) -> None:
        chosen = "\n" if runner_up == " " else "a"
        logprob = -0.1 - WIDEST_GAP - 0.1 if runner_up == "x" else -0.2
        canvas = canvas_of(tokenizer, [(chosen, -0.1), (runner_up, logprob)], [("b", 0.0)])
        assert find_branches(canvas, tokenizer, b"", chosen + "b", frozenset({0})) == []

    def test_the_same_text_in_other_tokens_is_none(self, tokenizer: Tokenizer) -> None:
        canvas = canvas_of(tokenizer, [("item", -0.1), ("i", -0.2), ("s", -0.3)])
        assert tokenizer.token_bytes(canvas.ids[0]) == b"item"
        branches = find_branches(canvas, tokenizer, b"", "item", frozenset())
        assert [tokenizer.token_bytes(branch.token) for branch in branches] == [b"s"]

    def test_healed_text_is_kept(self, tokenizer: Tokenizer) -> None:
        canvas = canvas_of(tokenizer, [("f", -0.1), ("g", -0.2), ("for", -0.3)], [("i", -0.1), ("o", -1.0)])
        branches = find_branches(canvas, tokenizer, b"f", "i", frozenset())
        assert [(branch.slot, tokenizer.token_bytes(branch.token)) for branch in branches] == [
            (0, b"for"),
            (1, b"o"),
        ]

    def test_nothing_behind_the_end(self, tokenizer: Tokenizer) -> None:
        offered = [("a", -0.1), ("b", -0.2)]
        canvas = canvas_of(tokenizer, offered, offered, offered)
        slots = {branch.slot for branch in find_branches(canvas, tokenizer, b"", "a", frozenset())}
        assert slots == {0, 1}  # the slot that would go on is one, the slot after it is not

    def test_a_branched_canvas_keeps_what_was_before(self, tokenizer: Tokenizer) -> None:
        offered = [("a", -0.1), ("b", -0.2)]
        canvas = canvas_of(tokenizer, offered, offered, offered)
        branch = next(b for b in find_branches(canvas, tokenizer, b"", "aaa", frozenset()) if b.slot == 1)
        result = branched(canvas, branch)
        assert tokenizer.decode(result.committed) == "ab"
        assert result.frontier == len(result) == 2
        assert result.logprobs == [-0.1, -0.2]


def test_quotes_and_blanks_make_no_difference() -> None:
    assert likeness("f('a', 1)\n") == likeness('  f("a",1)')
    assert likeness("f(a)") != likeness("f(b)")


@pytest.mark.real_model
def test_the_real_model_has_other_ideas(default_model: Path) -> None:
    engine = FillEngine.open(default_model, calibrate=False)
    request = FillRequest(
        prefix="import json\n\n\ndef load_settings(path):\n    with open(path) as file:\n        ",
        suffix="\n\n\ndef main():\n    print(load_settings('settings.json'))\n",
        mode="line",
        language="python",
        layout="fim",
        max_tokens=32,
    )
    results = engine.complete_several(request, 3)
    assert len(results) == 3
    assert "json.load(file)" in results[0].text
    assert len({likeness(result.text) for result in results}) == 3
    for other in results[1:]:
        compile("def f(path, file, json):\n  for _ in ():\n        " + other.text.strip(), "other", "exec")
