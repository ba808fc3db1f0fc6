"""Each sampler of masked models against its published loop, written here the slow way.

A reference knows tokens, probabilities and its own loop counters; it calls the model once a step, also
where a step changes nothing. Compared are the canvases it goes through, pass by pass.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_scorer import RandomScorer, play

from runtime.canvas import Canvas
from runtime.samplers.masked.registry import MASKED_SAMPLERS, defaults, make_masked_sampler

Tokens = list[int | None]


@dataclass
class Answer:
    """What the model says about one slot."""

    tokens: list[int]
    probabilities: list[float]
    entropy: float


class Model:
    """The scorer as references see it: answers for all slots, or for the one that is hidden from it."""

    def __init__(self, seed: int, sharpness: float) -> None:
        self._scorer = RandomScorer(seed, sharpness=sharpness)

    def __call__(self, tokens: Tokens, hide: int | None = None) -> list[Answer]:
        canvas = Canvas(len(tokens))
        for slot, token in enumerate(tokens):
            if token is not None and slot != hide:
                canvas.commit(slot, token, 0.0)
        said = self._scorer.predict(canvas, range(len(tokens)) if hide is None else range(hide, hide + 1))
        return [
            Answer(ids.tolist(), [math.exp(value) for value in logprobs.tolist()], float(entropy))
            for ids, logprobs, entropy in zip(said.top_ids, said.top_logprobs, said.entropy, strict=True)
        ]


Loop = Callable[[Model, Tokens, range, int, dict[str, float], np.random.Generator], Iterator[Tokens]]
"""(model, tokens, block, steps of the block, settings, chance) -> the canvas after each step."""


def masks_of(tokens: Tokens, block: range) -> list[int]:
    return [slot for slot in block if tokens[slot] is None]


def top1(answer: Answer) -> float:
    return max(answer.probabilities)


def lead(answer: Answer) -> float:
    first, second = sorted(answer.probabilities, reverse=True)[:2]
    return first - second


def certainty(answer: Answer) -> float:
    return -answer.entropy


def best_of(slots: Sequence[int], answers: list[Answer], score: Callable[[Answer], float]) -> list[int]:
    return sorted(slots, key=lambda slot: score(answers[slot]), reverse=True)


def fill(tokens: Tokens, slots: Sequence[int], answers: list[Answer]) -> None:
    for slot in slots:
        likeliest = answers[slot].probabilities.index(top1(answers[slot]))
        tokens[slot] = answers[slot].tokens[likeliest]


def dream(score: Callable[[Answer], float]) -> Loop:
    def loop(
        model: Model,
        tokens: Tokens,
        block: range,
        steps: int,
        values: dict[str, float],
        _chance: np.random.Generator,
    ) -> Iterator[Tokens]:
        timesteps = np.linspace(1, values["eps"], steps + 1)
        for i in range(steps):
            masks = masks_of(tokens, block)
            t, s = timesteps[i], timesteps[i + 1]
            count = int(len(masks) * (1 - s / t)) if i < steps - 1 else len(masks)
            answers = model(tokens)
            fill(tokens, best_of(masks, answers, score)[:count], answers)
            yield list(tokens)

    return loop


def llada(
    model: Model,
    tokens: Tokens,
    block: range,
    steps: int,
    _values: dict[str, float],
    _chance: np.random.Generator,
) -> Iterator[Tokens]:
    counts = [len(block) // steps] * steps
    for i in range(len(block) % steps):
        counts[i] += 1
    for count in counts:
        answers = model(tokens)
        fill(tokens, best_of(masks_of(tokens, block), answers, top1)[:count], answers)
        yield list(tokens)


def while_masked(pick: Callable[[list[int], list[Answer], dict[str, float]], list[int]]) -> Loop:
    def loop(
        model: Model,
        tokens: Tokens,
        block: range,
        _steps: int,
        values: dict[str, float],
        _chance: np.random.Generator,
    ) -> Iterator[Tokens]:
        while masks := masks_of(tokens, block):
            answers = model(tokens)
            fill(tokens, pick(masks, answers, values), answers)
            yield list(tokens)

    return loop


def over_threshold(masks: list[int], answers: list[Answer], values: dict[str, float]) -> list[int]:
    sure = [slot for slot in masks if top1(answers[slot]) >= values["tau"]]
    return sure or best_of(masks, answers, top1)[:1]


def within_factor(masks: list[int], answers: list[Answer], values: dict[str, float]) -> list[int]:
    best = best_of(masks, answers, top1)
    taken = 1
    while taken < len(best):
        rank = taken + 1
        # The paper's form of p >= 1 - f/(r + 1).
        if (rank + 1) * (1 - top1(answers[best[taken]])) > values["factor"]:
            break
        taken += 1
    return best[:taken]


def within_entropy(masks: list[int], answers: list[Answer], values: dict[str, float]) -> list[int]:
    narrow = best_of(masks, answers, certainty)
    largest = 1
    for k in range(1, len(narrow) + 1):
        entropies = [answers[slot].entropy for slot in narrow[:k]]
        if sum(entropies) - max(entropies) <= values["gamma"]:
            largest = k
    return narrow[:largest]


def p2(
    model: Model,
    tokens: Tokens,
    block: range,
    steps: int,
    _values: dict[str, float],
    _chance: np.random.Generator,
) -> Iterator[Tokens]:
    for i in range(steps):
        kappa = Fraction(i + 1, steps)
        answers = model(tokens)
        ascending = best_of(list(block), answers, top1)[::-1]
        worst = set(ascending[: math.floor(len(block) * (1 - kappa))])
        masks = masks_of(tokens, block)
        for slot in worst:
            tokens[slot] = None
        fill(tokens, [slot for slot in masks if slot not in worst], answers)
        yield list(tokens)
        if not masks_of(tokens, block):
            return


def linear(time: float, _values: dict[str, float]) -> float:
    return 1 - time


def looped(time: float, values: dict[str, float]) -> float:
    on, off, level = values["t_on"], values["t_off"], values["alpha_on"]
    return float(np.interp(time, [0, off, on, 1], [1, level, level, 0]))


def remdm(variant: str) -> Loop:
    alpha = looped if variant == "loop" else linear

    def loop(
        model: Model,
        tokens: Tokens,
        block: range,
        steps: int,
        values: dict[str, float],
        chance: np.random.Generator,
    ) -> Iterator[Tokens]:
        known: dict[int, float] = {}
        for i in range(steps):
            time = (steps - i) / steps
            now, later = alpha(time, values), alpha((steps - i - 1) / steps, values)
            most = 1.0 if now == 0 else min(1.0, (1 - later) / now)
            answers = model(tokens)
            before = list(tokens)
            draws = chance.random(len(block))
            for slot, draw in zip(block, draws, strict=True):
                if variant == "cap":
                    sigma = min(values["eta"], most)
                elif variant == "rescale":
                    sigma = values["eta"] * most
                elif variant == "loop":
                    looping = values["t_off"] < time <= values["t_on"]
                    sigma = min(values["eta"], most) if looping else 0.0
                elif before[slot] is None:
                    sigma = 0.0
                else:
                    others = sum(math.exp(-known[other]) for other in block if before[other] is not None)
                    sigma = most * math.exp(-known[slot]) / others
                if before[slot] is not None:
                    tokens[slot] = None if draw < sigma else before[slot]
                elif draw < (later - (1 - sigma) * now) / (1 - now):
                    fill(tokens, [slot], answers)
            for slot in block:
                if before[slot] is None and tokens[slot] is not None:
                    known[slot] = top1(answers[slot])
            yield list(tokens)

    return loop


def wino(
    model: Model,
    tokens: Tokens,
    block: range,
    _steps: int,
    values: dict[str, float],
    _chance: np.random.Generator,
) -> Iterator[Tokens]:
    accepted_before = 30
    while masks := masks_of(tokens, block):
        most = min(max(int(0.7 * len(masks)), 5), 20)
        answers = model(tokens)
        committed = [slot for slot in block if tokens[slot] is not None]
        backwards: dict[int, float] = {}
        for slot in committed:
            [blind] = model(tokens, hide=slot)
            token = tokens[slot]
            backwards[slot] = blind.probabilities[blind.tokens.index(token)] if token in blind.tokens else 0.0
        accepted = [slot for slot in masks if top1(answers[slot]) > values["accept"]]
        if len(accepted) > most:
            accepted = best_of(masks, answers, top1)[:most]
        if not accepted:
            accepted = best_of(masks, answers, top1)[:1]
        fill(tokens, accepted, answers)
        if len(accepted) > 1:
            doubted = sorted(
                (slot for slot in committed if backwards[slot] < values["keep"]),
                key=lambda slot: backwards[slot],
            )
            if len(doubted) >= accepted_before:
                doubted = doubted[: accepted_before - 1]
            for slot in doubted:
                tokens[slot] = None
        accepted_before = len(accepted)
        yield list(tokens)


LOOPS: dict[str, Loop] = {
    "confidence": dream(top1),
    "margin": dream(lead),
    "entropy": dream(certainty),
    "low-confidence": llada,
    "threshold": while_masked(over_threshold),
    "factor": while_masked(within_factor),
    "eb": while_masked(within_entropy),
    "p2": p2,
    "remdm-cap": remdm("cap"),
    "remdm-rescale": remdm("rescale"),
    "remdm-conf": remdm("conf"),
    "remdm-loop": remdm("loop"),
    "wino": wino,
}

VALUES: dict[str, dict[str, st.SearchStrategy[float]]] = {
    # No round numbers: where m(1 - s/t) is whole, rounding in the published form can lose a slot.
    "confidence": {"eps": st.sampled_from([0.001, 0.0937, 0.3771])},
    "threshold": {"tau": st.floats(0.2, 1)},
    "factor": {"factor": st.floats(0, 2)},
    "eb": {"gamma": st.floats(0, 3)},
    "remdm-cap": {"eta": st.floats(0.05, 0.9)},
    "remdm-rescale": {"eta": st.floats(0.05, 0.9)},
    "remdm-loop": {
        "eta": st.floats(0.02, 0.5),
        "t_on": st.floats(0.5, 0.8),
        "t_off": st.floats(0.1, 0.4),
        "alpha_on": st.floats(0.5, 0.9),
    },
    "wino": {"accept": st.floats(0.2, 0.8), "keep": st.floats(0.5, 0.99)},
}


def blocks_of(slots: int, block_slots: int | None, origin: int) -> list[range]:
    """Cut at every whole number of blocks from the origin."""
    cuts = [slot for slot in range(1, slots) if block_slots and (slot - origin) % block_slots == 0]
    return [range(*pair) for pair in zip([0, *cuts], [*cuts, slots], strict=True)]


def test_every_sampler_has_its_reference() -> None:
    assert list(LOOPS) == list(MASKED_SAMPLERS)


@pytest.mark.parametrize("name", LOOPS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_passes_equal_the_published_loop(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.integers(0, 10_000), "seed")
    sharpness = data.draw(st.sampled_from([0.7, 3.0, 8.0]), "sharpness")
    # More than 28, for WINO never accepts more than 20 at once.
    slots = data.draw(st.integers(1, 16) | st.just(30 if name == "wino" else 16), "slots")
    block_slots = data.draw(st.none() | st.integers(2, 8), "block_slots")
    origin = data.draw(st.integers(0, 9), "origin")
    values = defaults(name)
    values.update({key: data.draw(value, key) for key, value in VALUES.get(name, {}).items()})
    steps = data.draw(st.sampled_from([0, 1, 3, slots, slots + 5]), "steps")
    if "steps" in values:
        values["steps"] = steps

    expected: list[Tokens] = []
    tokens: Tokens = [None] * slots
    model, chance = Model(seed, sharpness), np.random.default_rng(seed)
    for block in blocks_of(slots, block_slots, origin):
        share = math.ceil(Fraction(steps or slots, slots) * len(block))
        steps_taken = [[*tokens], *LOOPS[name](model, tokens, block, share, values, chance)]
        for before, after in pairwise(steps_taken):
            if after == before:
                continue
            if not masks_of(before, block):
                # A step from a full block needs no answer, so it belongs to the pass that filled it.
                expected.pop()
            expected.append(after)
    assert None not in expected[-1]

    sampler = make_masked_sampler(
        name,
        settings=values,
        slots=slots,
        block_slots=block_slots,
        origin=origin,
        temperature=0.0,
        seed=seed,
    )
    run = play(sampler, RandomScorer(seed, sharpness=sharpness), Canvas(slots))
    assert run.states == expected
