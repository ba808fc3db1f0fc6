"""The verified text is, token for token, what decoding one token at a time gives; only sooner."""

import random
from dataclasses import replace

import pytest
from fixtures_tiny import TinyModel
from greedy_reference import Model, expected_tokens, run_loop
from hypothesis import given, settings
from hypothesis import strategies as st
from random_decoder import SAMPLE

from runtime.drafts.acceptance import PRIORS, Acceptance
from runtime.engine import FillEngine
from runtime.pass_cost import WIDTHS, PassCost
from runtime.request import MODES, FillRequest
from runtime.samplers.registry import SOURCES

LINES = SAMPLE.splitlines(keepends=True)

snippets = st.one_of(
    st.sampled_from(LINES),
    st.sampled_from(["    ", "\n", "item", " for item in items", "\r\n\t", "é", "→ ", "🙂"]),
    st.text(max_size=6),
)
texts = st.lists(snippets, max_size=12).flatmap(
    lambda parts: st.integers(1, 3).map(lambda times: "".join(parts) * times)
)
costs = st.lists(st.floats(0.1, 100), min_size=len(WIDTHS), max_size=len(WIDTHS)).map(PassCost)
"""Passes that cost next to nothing when wide force long drafts, steep ones forbid them."""


@st.composite
def requests(draw: st.DrawFn) -> FillRequest:
    return FillRequest(
        prefix=draw(texts),
        suffix=draw(texts),
        mode=draw(st.sampled_from(MODES)),
        layout=draw(st.sampled_from(["auto", "fim", "chat", "plain"])),
        previous=draw(texts),
        max_tokens=draw(st.integers(1, 40)),
    )


@st.composite
def acceptances(draw: st.DrawFn) -> Acceptance:
    """Draft sources with records good and bad."""
    result = Acceptance()
    for source in PRIORS:
        for _ in range(draw(st.integers(0, 3))):
            result.count(source, draw(st.integers(0, 40)), draw(st.booleans()))
    return result


@pytest.fixture(scope="module", params=["plain", "adapted"])
def model(request: pytest.FixtureRequest, make_tiny_model: TinyModel) -> Model:
    """With and without an adapter whose weights are random: its drafts are bad, its text is not."""
    options = {"adapter": True, "mask_slots": 4} if request.param == "adapted" else {}
    return Model.load(make_tiny_model("int8", **options), threads=1)


@pytest.fixture(scope="module")
def engine(make_tiny_model: TinyModel) -> FillEngine:
    folder = make_tiny_model("int8", adapter=True, mask_slots=4)
    return FillEngine.open(folder, device="cpu", threads=1, calibrate=False)


@settings(max_examples=150, deadline=None)
@given(
    request=requests(),
    sampler=st.sampled_from(sorted(SOURCES)),
    cost=costs,
    acceptance=acceptances(),
    seed=st.integers(0, 1 << 16),
)
def test_tokens_are_those_of_greedy_decoding(
    model: Model, request: FillRequest, sampler: str, cost: PassCost, acceptance: Acceptance, seed: int
) -> None:
    expected = expected_tokens(model, request)
    previous = spoiled(expected, seed) if seed % 3 else model.tokenizer.encode(request.previous)
    found = run_loop(model, request, sampler, cost=cost, acceptance=acceptance, previous=previous)
    assert found.canvas.committed == expected
    assert found.passes <= len(expected)


def spoiled(tokens: list[int], seed: int) -> list[int]:
    """The right text, with a few tokens changed, dropped and doubled."""
    chance = random.Random(seed)
    result: list[int] = []
    for token in tokens:
        fate = chance.random()
        if fate > 0.9:
            result.append(chance.randrange(400))
        elif fate > 0.85:
            result += [token, token]
        elif fate > 0.05:
            result.append(token)
    return result


@settings(max_examples=60, deadline=None)
@given(request=requests(), cost=costs)
def test_every_sampler_fills_the_same(engine: FillEngine, request: FillRequest, cost: PassCost) -> None:
    engine.cost = cost
    results = [engine.complete(replace(request, sampler=name)) for name in SOURCES]
    outcomes = {(result.text, result.stop_reason, result.tokens, result.mean_logprob) for result in results}
    assert len(outcomes) == 1
    assert all(result.tokens <= request.max_tokens + 1 for result in results)  # one may be healed


def test_right_drafts_save_passes(model: Model) -> None:
    """The property above would hold for samplers that never draft; they do."""
    request = FillRequest(prefix=SAMPLE, layout="plain", max_tokens=30)
    flat = PassCost([1.0] * len(WIDTHS))
    plain = run_loop(model, request, "greedy", cost=flat, acceptance=Acceptance(), previous=[])
    drafted = run_loop(
        model,
        request,
        "self-verify",
        cost=flat,
        acceptance=Acceptance(),
        previous=plain.canvas.committed,
    )
    assert drafted.canvas.committed == plain.canvas.committed
    assert plain.passes == len(plain.canvas.committed)
    assert drafted.passes <= 2
