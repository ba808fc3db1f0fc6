"""Properties that every sampler has, whatever the model answers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.canvas import Canvas
from runtime.constraints.healing import HealingConstraint
from runtime.drafts.acceptance import Acceptance
from runtime.errors import UsageError
from runtime.pass_cost import MAX_DRAFTS, WIDTHS, PassCost
from runtime.predictions import Predictions
from runtime.request import SlotState
from runtime.samplers.registry import SOURCES, make_sampler
from runtime.tokenizer import Tokenizer

END = frozenset({0})
FLAT = PassCost([1.0] * len(WIDTHS))
VOCABULARY, K = 6, 3

names = st.sampled_from(sorted(SOURCES))
contexts = st.lists(st.integers(0, VOCABULARY - 1), max_size=20)


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Tokenizer:
    return Tokenizer(tiny_model / "tokenizer.json")


def answers(rows: int, seed: int) -> Predictions:
    chance = np.random.default_rng(seed)
    ids = np.array([chance.permutation(VOCABULARY)[:K] for _ in range(rows)], np.int32)
    logprobs = np.sort(-chance.random((rows, K)).astype(np.float32))[:, ::-1]
    return Predictions(ids, logprobs, np.ones(rows, np.float32))


def play(
    tokenizer: Tokenizer, name: str, context: Sequence[int], previous: Sequence[int], seed: int, limit: int
) -> list[tuple[list[int], list[SlotState]]]:
    """The canvas after each pass, for answers drawn from `seed`, the same for each run."""
    sampler = make_sampler(
        name, context=context, previous=previous, acceptance=Acceptance(), cost=FLAT, end_tokens=END
    )
    constraint = HealingConstraint(b"", tokenizer)
    canvas = Canvas()
    seen = []
    while canvas.frontier < limit:
        before = canvas.committed
        drafts = sampler.prepare(canvas, limit - canvas.frontier)
        assert 0 <= drafts <= min(MAX_DRAFTS, limit - len(before) - 1)
        assert canvas.committed == before
        ahead = canvas.states[len(before) :]
        assert ahead[:drafts] == [SlotState.DRAFT] * drafts
        assert set(ahead[drafts:]) <= {SlotState.MASKED}
        predictions = answers(drafts + 1, seed + len(seen))
        drafted = canvas.ids[len(before) :][:drafts]
        sampler.update(canvas, predictions, constraint)
        new = canvas.committed[len(before) :]
        assert canvas.committed[: len(before)] == before
        assert 1 <= len(new) <= drafts + 1
        # Every new token is the model's answer, and all but the last were drafted right.
        assert new == predictions.top_ids[: len(new), 0].tolist()
        assert new[:-1] == drafted[: len(new) - 1]
        assert not END & set(new[:-1])
        seen.append((list(canvas.ids), list(canvas.states)))
        if new[-1] in END:
            break
    return seen


@settings(deadline=None)
@given(
    name=names,
    context=contexts,
    previous=contexts,
    seed=st.integers(0, 1 << 20),
    limit=st.integers(1, 40),
)
def test_committed_slots_stay_and_runs_repeat(
    tokenizer: Tokenizer, name: str, context: list[int], previous: list[int], seed: int, limit: int
) -> None:
    first = play(tokenizer, name, context, previous, seed, limit)
    assert len(first) <= limit
    assert play(tokenizer, name, context, previous, seed, limit) == first


def test_greedy_never_drafts(tokenizer: Tokenizer) -> None:
    for ids, states in play(tokenizer, "greedy", [1, 2, 1, 2, 1], [1, 2, 3], 5, 20):
        assert SlotState.DRAFT not in states
        assert len(ids) == len(states)


@pytest.mark.parametrize("name", sorted(set(SOURCES) - {"greedy"}))
def test_the_others_do(tokenizer: Tokenizer, name: str) -> None:
    sampler = make_sampler(
        name,
        context=[1, 2, 3, 1, 2, 3, 1],
        previous=[2, 3],
        acceptance=Acceptance(),
        cost=FLAT,
        end_tokens=END,
    )
    canvas = Canvas()
    total = 0
    for number in range(10):
        drafts = sampler.prepare(canvas, 40)
        sampler.update(canvas, answers(drafts + 1, number + 100), HealingConstraint(b"", tokenizer))
        total += drafts
    assert total > 0


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no sampler 'magic'; choose one of .*self-verify"):
        make_sampler("magic", context=[], previous=[], acceptance=Acceptance(), cost=FLAT, end_tokens=END)
