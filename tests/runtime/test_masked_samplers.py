"""Properties that every sampler of masked models has, whatever the model answers."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from random_scorer import K, RandomScorer, play, settled

from runtime.canvas import Canvas
from runtime.constraints.base import Unconstrained
from runtime.errors import UsageError
from runtime.predictions import Predictions
from runtime.request import SlotState
from runtime.samplers.masked.base import MaskedSampler
from runtime.samplers.masked.block_grid import BlockGrid
from runtime.samplers.masked.registry import MASKED_SAMPLERS, defaults, make_masked_sampler
from runtime.samplers.masked.token_choice import TokenChoice

NAMES = list(MASKED_SAMPLERS)
REMASKING = [name for name in NAMES if name.startswith("remdm") or name in ("p2", "wino")]
STEPPED = [name for name in NAMES if "steps" in defaults(name)]
BOLD = {"remdm-cap": {"eta": 0.5}, "remdm-rescale": {"eta": 0.5}, "remdm-loop": {"eta": 0.3}}
"""Settings under which a few passes are enough to see slots masked again."""

every = pytest.mark.parametrize("name", NAMES)
seeds = st.integers(0, 10_000)
sizes = st.integers(1, 14)
blocks = st.none() | st.integers(1, 6)
origins = st.integers(0, 9)
steps = st.integers(0, 16)
sharpnesses = st.sampled_from([0.5, 3.0, 8.0])


def make(
    name: str,
    slots: int,
    *,
    block_slots: int | None = None,
    origin: int = 0,
    temperature: float = 0.0,
    seed: int = 0,
    steps: int = 0,
    **others: float,
) -> MaskedSampler:
    settings = dict(BOLD.get(name, {})) | others
    if name in STEPPED:
        settings["steps"] = steps
    return make_masked_sampler(
        name,
        settings=settings,
        slots=slots,
        block_slots=block_slots,
        origin=origin,
        temperature=temperature,
        seed=seed,
    )


class Refusing:
    """Admits what `rule` says, and remembers what it was asked."""

    def __init__(self, rule: Callable[[int, int], bool] = lambda _slot, _token: True) -> None:
        self.rule = rule
        self.asked: list[tuple[int, int]] = []

    def admits(self, canvas: Canvas, slot: int, token: int) -> bool:
        assert canvas.states[slot] is not SlotState.COMMITTED
        self.asked.append((slot, token))
        return self.rule(slot, token)


@every
@settings(max_examples=15, deadline=None)
@given(seeds, sizes, blocks, origins, steps, sharpnesses, st.sampled_from([0.0, 1.0]))
def test_no_mask_is_left_and_the_bound_holds(
    name: str,
    seed: int,
    slots: int,
    block_slots: int | None,
    origin: int,
    steps: int,
    sharpness: float,
    temperature: float,
) -> None:
    sampler = make(
        name,
        slots,
        block_slots=block_slots,
        origin=origin,
        steps=steps,
        temperature=temperature,
        seed=seed,
    )
    run = play(sampler, RandomScorer(seed, sharpness=sharpness), Canvas(slots))
    assert None not in run.states[-1]
    assert len(run.states) <= sampler.bound(slots)
    assert name in REMASKING or not run.remasked
    for slot, token in enumerate(run.states[-1]):
        ids, logprobs = run.canvas.candidates[slot]
        assert run.canvas.logprobs[slot] == logprobs[list(ids).index(token)]
        assert len(ids) == K
        assert list(logprobs) == sorted(logprobs, reverse=True)


@pytest.mark.parametrize("name", REMASKING)
def test_samplers_that_can_mask_again_do(name: str) -> None:
    runs = [
        play(make(name, 12, seed=seed), RandomScorer(seed, sharpness=8.0), Canvas(12)) for seed in range(20)
    ]
    assert sum(run.remasked for run in runs) > 5


@every
@settings(max_examples=8, deadline=None)
@given(seeds, sizes, blocks, st.sampled_from([0.0, 0.7]))
def test_the_same_seed_gives_the_same_passes(
    name: str, seed: int, slots: int, block_slots: int | None, temperature: float
) -> None:
    one, other = (
        play(
            make(name, slots, block_slots=block_slots, temperature=temperature, seed=seed),
            RandomScorer(seed),
            Canvas(slots),
        )
        for _ in range(2)
    )
    assert one.states == other.states
    assert one.canvas.candidates == other.canvas.candidates


@every
def test_other_seeds_give_other_texts_above_temperature_0(name: str) -> None:
    texts = {
        tuple(
            play(
                make(name, 8, temperature=1.0, seed=seed), RandomScorer(3, sharpness=1.0), Canvas(8)
            ).canvas.ids
        )
        for seed in range(8)
    }
    assert len(texts) > 4


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("remdm")])
def test_temperature_0_leaves_nothing_to_chance(name: str) -> None:
    texts = {
        tuple(play(make(name, 8, seed=seed), RandomScorer(3), Canvas(8)).canvas.ids) for seed in range(4)
    }
    assert len(texts) == 1


class Scrambled(RandomScorer):
    """Its answers for committed slots are nonsense."""

    def predict(self, canvas: Canvas, block: range) -> Predictions:
        answer = super().predict(canvas, block)
        for row, slot in enumerate(block):
            if canvas.states[slot] is SlotState.COMMITTED:
                answer.top_ids[row] = np.roll(answer.top_ids[row], 1)
                answer.top_logprobs[row] = np.linspace(-0.001, -9, K)
                answer.entropy[row] = 0.001
        return answer


@pytest.mark.parametrize("name", [name for name in NAMES if name != "p2"])
@settings(max_examples=8, deadline=None)
@given(seeds, sizes, blocks, steps, st.sampled_from([0.0, 0.7]))
def test_answers_for_committed_slots_do_not_matter(
    name: str, seed: int, slots: int, block_slots: int | None, steps: int, temperature: float
) -> None:
    runs = [
        play(
            make(name, slots, block_slots=block_slots, steps=steps, temperature=temperature, seed=seed),
            model(seed),
            Canvas(slots),
        )
        for model in (RandomScorer, Scrambled)
    ]
    assert runs[0].states == runs[1].states


Change = tuple[str, float]
changes = st.lists(
    st.tuples(
        st.sampled_from(["", "", "insert", "remove", "double", "delete", "append"]), st.floats(0, 0.999)
    ),
    max_size=8,
)


class Changing:
    """A length policy's doings by script, one entry a pass."""

    def __init__(self, script: Sequence[Change]) -> None:
        self._script = list(script)
        self.added = 0
        self.changes = 0

    def __call__(self, canvas: Canvas) -> None:
        if not self._script:
            return
        verb, where = self._script.pop(0)
        slot = int(where * len(canvas))
        if verb in ("remove", "double") and len(canvas):
            canvas.remove(slot)
        if verb == "delete":
            for masked in reversed(canvas.masked):
                if masked >= slot:
                    canvas.remove(masked)
        more = {"insert": 3, "double": 2, "append": 4}.get(verb, 0)
        canvas.insert(len(canvas) if verb == "append" else slot, more)
        self.added += more
        self.changes += verb != ""


@every
@settings(max_examples=15, deadline=None)
@given(seeds, sizes, blocks, origins, steps, changes)
# A block of which all slots but one are committed, though none of them by its own steps.
@example(0, 1, 2, 0, 0, [("insert", 0.0), ("", 0.0), ("insert", 0.0), ("insert", 0.0)])
# Masks pushed over borders, so that more blocks than passes are left.
@example(2, 11, 3, 2, 2, [("", 0.0), ("double", 0.03)])
@example(23, 8, 4, 2, 2, [("insert", 0.042)])
# Masks put in front of where a full canvas ended.
@example(0, 4, None, 0, 1, [("insert", 0.0)])
def test_a_changing_length_keeps_to_the_bound(
    name: str,
    seed: int,
    slots: int,
    block_slots: int | None,
    origin: int,
    steps: int,
    script: list[Change],
) -> None:
    sampler = make(name, slots, block_slots=block_slots, origin=origin, steps=steps, seed=seed)
    policy = Changing(script)
    passes = 0

    def change(canvas: Canvas) -> None:
        nonlocal passes
        passes += 1
        assert not canvas.masked or passes < sampler.bound(slots + policy.added)
        policy(canvas)

    run = play(sampler, RandomScorer(seed), Canvas(slots), change=change)
    assert SlotState.MASKED not in run.canvas.states
    most = sampler.bound(slots + policy.added)
    assert len(run.states) <= most + (policy.changes if name in STEPPED else 0)


@pytest.mark.parametrize("name", STEPPED)
def test_a_canvas_that_grows_gets_steps_in_proportion(name: str) -> None:
    sampler = make(name, 12, steps=4)
    assert (sampler.bound(12), sampler.bound(24)) == (4, 8)
    grown = Changing([("append", 0.9)] * 3)
    run = play(sampler, RandomScorer(5), Canvas(12), change=grown)
    assert len(run.canvas) == 24
    assert 5 <= len(run.states) <= 8
    widest = max(
        sum(now is not None for now in after) - sum(now is not None for now in before)
        for before, after in zip([[], *run.states], run.states, strict=False)
    )
    assert widest < 12, "the masks that came late were not all settled at once"


@pytest.mark.parametrize("name", STEPPED)
@pytest.mark.parametrize(
    ("steps", "block_slots", "most"), [(1, None, 1), (4, None, 4), (4, 6, 4), (12, 3, 12)]
)
def test_steps_limit_the_passes(name: str, steps: int, block_slots: int | None, most: int) -> None:
    sampler = make(name, 12, steps=steps, block_slots=block_slots)
    assert sampler.bound(12) == most
    refuse = Refusing(lambda _slot, _token: False)
    assert len(play(sampler, RandomScorer(1), Canvas(12), refuse).states) <= most


def test_text_written_block_by_block_is_not_masked_again() -> None:
    for name in REMASKING:
        sampler = make(name, 8, steps=4)
        first = play(sampler, RandomScorer(2, sharpness=8.0), Canvas(8)).canvas
        text = list(first.ids)
        first.extend(8)
        assert play(sampler, RandomScorer(2, sharpness=8.0), first).canvas.ids[:8] == text


def test_a_full_canvas_that_is_opened_in_its_middle_is_one_block_again() -> None:
    sampler, canvas = make("low-confidence", 8), Canvas(8)
    play(sampler, RandomScorer(6), canvas)
    canvas.insert(4, 8)
    assert set(play(sampler, RandomScorer(6), canvas).blocks) == {range(16)}


@pytest.mark.parametrize("name", STEPPED)
def test_a_single_step_leaves_no_mask_among_committed_slots(name: str) -> None:
    for seed in range(8):
        sampler, canvas = make(name, 4, steps=1, seed=seed), Canvas(4)
        for slot in (0, 1, 3):
            canvas.commit(slot, 5, -0.5)
        assert len(play(sampler, RandomScorer(seed), canvas).states) == 1


@every
@settings(max_examples=8, deadline=None)
@given(seeds, sizes, blocks, origins, steps)
def test_blocks_are_settled_in_order(
    name: str, seed: int, slots: int, block_slots: int | None, origin: int, steps: int
) -> None:
    sampler = make(name, slots, block_slots=block_slots, origin=origin, steps=steps, seed=seed)
    run = play(sampler, RandomScorer(seed), Canvas(slots))
    assert run.blocks == sorted(run.blocks, key=lambda block: block.start)
    assert {block.start for block in run.blocks} == {
        block.start for block in BlockGrid(block_slots=block_slots, origin=origin).blocks(slots)
    }
    for block, after in zip(run.blocks, run.states, strict=True):
        assert None not in after[: block.start]
        assert set(after[block.stop :]) <= {None}


@every
@pytest.mark.parametrize("block_slots", [None, 8])
def test_a_block_causal_model_answers_for_part_of_a_block(name: str, block_slots: int | None) -> None:
    model = RandomScorer(7, model_block=4)
    run = play(make(name, 14, block_slots=block_slots), model, Canvas(14))
    assert None not in run.states[-1]
    assert {(block.start, block.stop) for block in run.blocks} == {(0, 4), (4, 8), (8, 12), (12, 14)}


@every
@settings(max_examples=8, deadline=None)
@given(seeds, sizes, blocks, steps, st.sets(st.integers(0, 10), max_size=K - 1), st.sampled_from([0.0, 1.0]))
def test_refused_tokens_are_not_written_where_there_are_others(
    name: str,
    seed: int,
    slots: int,
    block_slots: int | None,
    steps: int,
    bad: set[int],
    temperature: float,
) -> None:
    sampler = make(name, slots, block_slots=block_slots, steps=steps, temperature=temperature, seed=seed)
    run = play(sampler, RandomScorer(seed), Canvas(slots), Refusing(lambda _slot, token: token not in bad))
    assert not bad & set(run.canvas.ids)
    assert len(run.states) <= sampler.bound(slots)


@every
@settings(max_examples=8, deadline=None)
@given(seeds, sizes, blocks, steps)
def test_a_constraint_that_admits_nothing_stops_nothing(
    name: str, seed: int, slots: int, block_slots: int | None, steps: int
) -> None:
    sampler = make(name, slots, block_slots=block_slots, steps=steps, seed=seed)
    run = play(sampler, RandomScorer(seed), Canvas(slots), Refusing(lambda _slot, _token: False))
    assert len(run.states) <= sampler.bound(slots)
    for ids, token in zip(run.canvas.candidates, run.canvas.ids, strict=True):
        assert token == ids[0][0]


@every
def test_only_slots_about_to_be_committed_are_checked(name: str) -> None:
    constraint = Refusing()
    commits: list[tuple[int, int]] = []

    class Watched(Canvas):
        def commit(self, slot: int, token: int, logprob: float, candidates: object = ((), ())) -> None:
            commits.append((slot, token))
            super().commit(slot, token, logprob, candidates)  # type: ignore[arg-type]

    for seed in range(5):
        play(make(name, 10, seed=seed), RandomScorer(seed), Watched(10), constraint)
    assert constraint.asked == commits


def even(slots: int, *, probability: float = 0.5) -> Predictions:
    """The same answer for every slot: tokens 0, 1, 2, …"""
    logprobs = np.log(np.array([probability, *[(1 - probability) / K] * (K - 1)], np.float32))
    return Predictions(
        np.tile(np.arange(K, dtype=np.int32), (slots, 1)),
        np.tile(logprobs, (slots, 1)),
        np.ones(slots, np.float32),
    )


def once(sampler: MaskedSampler, canvas: Canvas, constraint: Refusing) -> list[int | None]:
    block = sampler.prepare(canvas)
    sampler.update(canvas, block, even(len(block)), constraint, RandomScorer(0))
    return settled(canvas)


def test_a_slot_without_an_admissible_token_waits_for_its_neighbours() -> None:
    sampler, canvas = make("threshold", 4, tau=0.0), Canvas(4)
    stubborn = Refusing(lambda slot, _token: slot != 1)
    assert once(sampler, canvas, stubborn) == [0, None, 0, 0]
    assert once(sampler, canvas, stubborn) == [0, 0, 0, 0], "nothing else is left to commit"


def test_where_the_best_slot_is_refused_the_next_one_is_taken() -> None:
    sampler, canvas = make("low-confidence", 4), Canvas(4)
    stubborn = Refusing(lambda slot, _token: slot > 1)
    assert once(sampler, canvas, stubborn) == [None, None, 0, None]
    assert [slot for slot, _ in stubborn.asked] == [0] * K + [1] * K + [2]


def test_ties_go_from_left_to_right() -> None:
    for name in (
        "confidence",
        "margin",
        "entropy",
        "low-confidence",
        "p2",
        "threshold",
        "factor",
        "eb",
        "wino",
    ):
        sampler, canvas = make(name, 4, **({"gamma": 0.0} if name == "eb" else {})), Canvas(4)
        assert once(sampler, canvas, Refusing())[0] == 0, name


def test_the_next_candidate_is_tried_in_order() -> None:
    sampler, canvas = make("threshold", 1), Canvas(1)
    picky = Refusing(lambda _slot, token: token == 3)
    assert once(sampler, canvas, picky) == [3]
    assert picky.asked == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert canvas.logprobs[0] == pytest.approx(np.log(0.1))


def test_what_the_model_rules_out_is_no_candidate() -> None:
    answer = even(1)
    answer.top_logprobs[0, 2:] = -np.inf
    choice = TokenChoice(1.0, 0)
    tried = {tuple(choice.offers(answer, range(4, 5), [4])[0].order) for _ in range(50)}
    assert tried == {(0, 1), (1, 0)}


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_by_their_probability(temperature: float) -> None:
    choice, draws = TokenChoice(temperature, 11), 4000
    logprobs = np.log(np.array([[0.4, 0.3, 0.2, 0.06, 0.04]], np.float32))
    answer = replace(even(1), top_logprobs=logprobs)
    pairs = Counter(tuple(choice.offers(answer, range(1), [0])[0].order[:2]) for _ in range(draws))
    weights = np.exp(logprobs[0].astype(np.float64) / temperature)
    weights /= weights.sum()
    for (first, second), seen in pairs.items():
        # Without replacement: the second is drawn from what the first has left.
        expected = weights[first] * weights[second] / (1 - weights[first])
        assert seen / draws == pytest.approx(expected, abs=4 * np.sqrt(expected / draws))
    assert len(pairs) > 15


@every
def test_drafts_are_slots_to_settle(name: str) -> None:
    canvas = Canvas(6)
    for slot in (0, 3):
        canvas.draft(slot, 9)
    run = play(make(name, 6), RandomScorer(4), canvas, Unconstrained())
    assert set(run.canvas.states) == {SlotState.COMMITTED}
    assert all(run.canvas.candidates[slot][0] for slot in range(6))


@given(sizes, blocks, origins)
def test_blocks_part_the_canvas_at_whole_blocks_from_the_origin(
    slots: int, block_slots: int | None, origin: int
) -> None:
    found = BlockGrid(block_slots=block_slots, origin=origin).blocks(slots)
    assert [slot for block in found for slot in block] == list(range(slots))
    if block_slots is None:
        assert len(found) == 1
        return
    assert all((block.start - origin) % block_slots == 0 for block in found[1:])
    assert all((block.stop - origin) % block_slots == 0 for block in found[:-1])
    assert all(len(block) <= block_slots for block in found)


@pytest.mark.parametrize(
    ("name", "given", "parts"),
    [
        ("greedy", {}, ["'greedy'", "confidence, margin, entropy", "remdm-loop", "wino"]),
        ("remdm", {}, ["'remdm'", "remdm-cap"]),
        ("eb", {"tau": 0.5}, ["'eb'", "'tau'", "'gamma'"]),
        ("wino", {"steps": 3}, ["'steps'", "'accept', 'keep'"]),
        ("threshold", {"tau": 1.5}, ["'tau'", "from 0 to 1", "1.5"]),
        ("threshold", {"tau": float("nan")}, ["'tau'", "nan"]),
        ("eb", {"gamma": -0.1}, ["'gamma'", "-0.1"]),
        ("confidence", {"steps": 2.5}, ["'steps'", "whole", "2.5"]),
        ("confidence", {"steps": -1}, ["'steps'", "-1"]),
        ("remdm-loop", {"t_on": 0.2, "t_off": 0.4}, ["'t_off'", "'t_on'", "0.4", "0.2"]),
    ],
)
def test_a_wrong_name_or_setting_is_told(name: str, given: dict[str, float], parts: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        make_masked_sampler(
            name, settings=given, slots=4, block_slots=None, origin=0, temperature=0.0, seed=0
        )
    assert all(part in str(caught.value) for part in parts), str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("temperature", -1.0), ("temperature", float("inf")), ("block_slots", 0), ("seed", -1)],
)
def test_a_wrong_plan_is_told(key: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"'{key}'"):
        make("eb", 4, **{key: value})  # type: ignore[arg-type]


@every
def test_defaults_can_be_given_back(name: str) -> None:
    values = defaults(name)
    assert values
    own, named = (
        play(
            make_masked_sampler(
                name, settings=given, slots=9, block_slots=4, origin=1, temperature=0.3, seed=5
            ),
            RandomScorer(9),
            Canvas(9),
        ).states
        for given in ({}, values)
    )
    assert own == named
    with pytest.raises(UsageError):
        defaults(name + "?")
