"""Properties of every length policy, whatever the model answers and whichever sampler settles the slots."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from length_models import (
    DELETE,
    EOS,
    EXPAND,
    MASK,
    PAD,
    WORDS,
    Loop,
    Run,
    TableModel,
    knows_by_edits,
    knows_by_end,
    random_answers,
)

from runtime.lengths.registry import make_length
from runtime.lengths.tokens import unwritten_tokens
from runtime.manifest import Tokens
from runtime.samplers.masked.base import MaskedSampler
from runtime.samplers.masked.registry import MASKED_SAMPLERS, make_masked_sampler

TOKENS = Tokens(eos=(EOS,), pad=PAD, mask=MASK, expand=EXPAND, delete=DELETE)
SPECS = ("fixed:9", "oracle:9", "cal", "expand-delete:3", "daedal:3", "blocks:4")
SETTLED_FOR_GOOD = ("confidence", "low-confidence", "threshold", "eb")
"""Samplers that never take a token back."""

samplers = st.sampled_from(list(MASKED_SAMPLERS))
seeds = st.integers(0, 10_000)
truths = st.lists(st.sampled_from(WORDS), min_size=1, max_size=24)


def sampler(name: str, slots: int, seed: int = 0) -> MaskedSampler:
    return make_masked_sampler(
        name, settings={}, slots=slots, block_slots=None, origin=0, temperature=0.0, seed=seed
    )


def play(
    spec: str,
    model: TableModel,
    name: str,
    *,
    limit: int,
    origin: int = 0,
    block_length: int | None = None,
    default_slots: int = 8,
) -> Run:
    policy = make_length(
        spec, tokens=TOKENS, origin=origin, block_length=block_length, default_slots=default_slots
    )
    return Loop(model, policy, lambda slots: sampler(name, slots), limit).run()


@pytest.mark.parametrize("spec", SPECS)
@settings(deadline=None, max_examples=40)
@given(name=samplers, seed=seeds, limit=st.integers(1, 20))
def test_it_ends_within_the_limit_and_leaves_no_mask(spec: str, name: str, seed: int, limit: int) -> None:
    run = play(spec, TableModel(random_answers(seed)), name, limit=limit)
    assert run.longest <= limit
    assert run.canvas.masked == []
    assert set(run.canvas.ids).isdisjoint({EXPAND, MASK})


@pytest.mark.parametrize("spec", ["fixed:9", "oracle:9", "blocks:4"])
@settings(deadline=None, max_examples=40)
@given(name=samplers, seed=seeds, limit=st.integers(1, 20))
def test_nothing_stands_behind_a_block_causal_models_end(spec: str, name: str, seed: int, limit: int) -> None:
    model = TableModel(random_answers(seed), model_block=4)
    run = play(spec, model, name, limit=limit, block_length=4)
    assert run.longest <= limit
    assert EOS not in run.canvas.ids[:-1]


@settings(deadline=None, max_examples=60)
@given(truth=truths, start=st.integers(1, 30), name=st.sampled_from(SETTLED_FOR_GOOD), seed=seeds)
def test_expand_and_delete_lead_to_the_true_length(
    truth: list[int], start: int, name: str, seed: int
) -> None:
    run = play(f"expand-delete:{start}", TableModel(knows_by_edits(truth, seed)), name, limit=40)
    assert run.canvas.ids == truth


@settings(deadline=None, max_examples=60)
@given(
    truth=truths,
    start=st.integers(1, 30),
    name=st.sampled_from(SETTLED_FOR_GOOD),
    seed=seeds,
    spec=st.sampled_from(["daedal", "blocks"]),
)
def test_the_end_leads_to_the_true_length(
    truth: list[int], start: int, name: str, seed: int, spec: str
) -> None:
    run = play(f"{spec}:{start}", TableModel(knows_by_end(truth, seed)), name, limit=60)
    assert run.canvas.ids == [*truth, EOS]


@settings(deadline=None, max_examples=40)
@given(truth=truths, name=st.sampled_from(SETTLED_FOR_GOOD), seed=seeds)
def test_an_oracle_is_told_the_true_length(truth: list[int], name: str, seed: int) -> None:
    run = play(f"oracle:{len(truth)}", TableModel(knows_by_edits(truth, seed)), name, limit=40)
    assert run.canvas.ids == truth


@pytest.mark.parametrize("spec", ["fixed:6", "oracle:6", "cal", "daedal:6", "blocks:6"])
@pytest.mark.parametrize("name", SETTLED_FOR_GOOD)
def test_where_the_canvas_cannot_grow_the_next_token_is_taken_instead(spec: str, name: str) -> None:
    truth = [*WORDS, *WORDS]
    run = play(spec, TableModel(knows_by_edits(truth, 1)), name, limit=6, default_slots=6)
    assert run.canvas.ids == truth[:6]


@settings(deadline=None)
@given(truth=truths, limit=st.integers(1, 12), name=st.sampled_from(SETTLED_FOR_GOOD), seed=seeds)
def test_at_the_limit_expand_is_barred(truth: list[int], limit: int, name: str, seed: int) -> None:
    run = play("expand-delete:1", TableModel(knows_by_edits(truth, seed)), name, limit=limit)
    assert run.canvas.ids == truth[:limit]


def test_only_the_oracle_knows_the_length() -> None:
    known = {
        spec: make_length(spec, tokens=TOKENS, origin=0, block_length=None, default_slots=8).knows_length
        for spec in SPECS
    }
    assert [spec for spec, knows in known.items() if knows] == ["oracle:9"]


@pytest.mark.parametrize(
    ("tokens", "unwritten"),
    [
        (TOKENS, {EOS, PAD, MASK, EXPAND, DELETE}),
        (Tokens(eos=(EOS, 9), mask=MASK), {EOS, 9, MASK}),
        (Tokens(eos=(), mask=MASK, delete=DELETE), {MASK, DELETE}),
    ],
)
def test_tokens_that_are_no_text_are_left_out(tokens: Tokens, unwritten: Sequence[int]) -> None:
    assert unwritten_tokens(tokens) == unwritten
