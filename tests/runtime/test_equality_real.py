"""The property of test_equality.py, on the real model and real code."""

from dataclasses import replace
from pathlib import Path

import pytest
from greedy_reference import Model, expected_tokens, run_loop
from real_code import real_requests

from runtime.drafts.acceptance import Acceptance
from runtime.engine import FillEngine
from runtime.pass_cost import PassCost

pytestmark = pytest.mark.real_model


@pytest.fixture(scope="module")
def model(default_model: Path) -> Model:
    return Model.load(default_model)


def test_tokens_of_fifty_prompts(model: Model) -> None:
    acceptance, cost = Acceptance(), PassCost()
    written = passes = 0
    for number, request in enumerate(real_requests(50, max_tokens=16)):
        found = run_loop(
            model,
            request,
            "self-verify",
            cost=cost,
            acceptance=acceptance,
            previous=model.tokenizer.encode(request.previous),
        )
        expected = expected_tokens(model, request, prompt_is_cached=True)
        assert found.canvas.committed == expected, f"prompt {number}"
        written += len(expected)
        passes += found.passes
    assert written > 400
    assert written > 1.1 * passes


def test_texts_of_the_engine(model: Model) -> None:
    engine = FillEngine(model.session, model.tokenizer)
    for number, request in enumerate(real_requests(8, max_tokens=16, seed=1)):
        drafted, plain = (
            engine.complete(replace(request, sampler=name)) for name in ("self-verify", "greedy")
        )
        assert drafted.text == plain.text, f"prompt {number}"
        assert (drafted.tokens, drafted.stop_reason) == (plain.tokens, plain.stop_reason), f"prompt {number}"
        assert drafted.passes <= plain.passes, f"prompt {number}"
