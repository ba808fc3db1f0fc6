"""Length policies by name: what a spec means, and which are refused with what sentence."""

import re

import pytest
from length_models import DELETE, EOS, EXPAND, MASK, TableModel, knows_by_end

from runtime.errors import UsageError
from runtime.lengths.base import LengthPolicy
from runtime.lengths.registry import LENGTHS, make_length
from runtime.manifest import Tokens

PLAIN = Tokens(eos=(EOS,), mask=MASK)
EDITS = Tokens(eos=(EOS,), mask=MASK, expand=EXPAND, delete=DELETE)
ENDLESS = Tokens(eos=(), mask=MASK)


def make(
    spec: str, tokens: Tokens = EDITS, *, block_length: int | None = None, origin: int = 0
) -> LengthPolicy:
    return make_length(spec, tokens=tokens, origin=origin, block_length=block_length, default_slots=6)


def first_canvas(policy: LengthPolicy, limit: int = 99) -> int:
    model = TableModel(knows_by_end([5] * 3, seed=1))
    return len(policy.start(model, limit))


@pytest.mark.parametrize(
    ("tokens", "block_length", "name"),
    [
        (EDITS, None, "expand-delete"),
        (EDITS, 8, "expand-delete"),
        (PLAIN, None, "cal"),
        (PLAIN, 8, "blocks"),
        (ENDLESS, None, "cal"),
        (ENDLESS, 8, "fixed"),
        (Tokens(eos=(EOS,), mask=MASK, expand=EXPAND), None, "cal"),
    ],
)
def test_auto_takes_the_best_there_is(tokens: Tokens, block_length: int | None, name: str) -> None:
    assert make("auto", tokens, block_length=block_length).name == name


@pytest.mark.parametrize(
    ("spec", "slots"),
    [
        ("fixed", 6),
        ("fixed:32", 32),
        ("oracle:17", 17),
        ("expand-delete", 6),
        ("expand-delete:9", 9),
        ("daedal", 14),
        ("daedal:11", 11),
        ("blocks", 32),
        ("blocks:5", 5),
    ],
)
def test_the_number_is_what_the_canvas_begins_with(spec: str, slots: int) -> None:
    policy = make(spec)
    assert policy.name == spec.partition(":")[0]
    assert first_canvas(policy) == slots
    assert first_canvas(policy, limit=4) == 4


def test_blocks_are_the_models_own() -> None:
    assert first_canvas(make("blocks", block_length=8)) == 8
    assert first_canvas(make("blocks", block_length=8, origin=21)) == 3
    assert first_canvas(make("blocks:4", block_length=8, origin=21)) == 3
    # Only a block-causal model has borders of its own.
    assert first_canvas(make("blocks:8", origin=21)) == 8


@pytest.mark.parametrize("spec", ["fixed:4", "oracle:4"])
def test_an_end_inside_a_canvas_of_known_length_cuts_block_causal_text_alone(spec: str) -> None:
    """One that sees the suffix says by an end, as by a delete, that a slot is not needed."""
    for block_length, kept in ((None, [5, EOS, 6, 7]), (8, [5, EOS])):
        policy = make(spec, PLAIN, block_length=block_length)
        model = TableModel(knows_by_end([5, EOS, 6, 7], seed=1))
        canvas = policy.start(model, 9)
        predictions = model.predict(canvas, range(4))
        for slot, token in enumerate([5, EOS, 6, 7]):
            canvas.commit(slot, token, -0.1)
        policy.update(canvas, range(4), predictions, 9)
        assert canvas.ids == kept


@pytest.mark.parametrize(
    ("spec", "tokens", "block_length", "sentence"),
    [
        ("longest", EDITS, None, "There is no length policy 'longest'; choose one of auto, expand-delete"),
        ("", EDITS, None, "There is no length policy ''"),
        ("auto:5", EDITS, None, "takes no number of slots; write 'auto', not 'auto:5'"),
        ("oracle", EDITS, None, "needs the true length in tokens; write oracle:17"),
        ("fixed:0", EDITS, None, "'fixed:0' is malformed; write fixed:N"),
        ("fixed:", EDITS, None, "malformed"),
        ("fixed:-3", EDITS, None, "malformed"),
        ("fixed:3.5", EDITS, None, "malformed"),
        ("fixed:\N{SUPERSCRIPT TWO}", EDITS, None, "malformed"),
        ("fixed:" + "9" * 5000, EDITS, None, "malformed"),
        ("fixed:3:4", EDITS, None, "malformed"),
        ("expand-delete", PLAIN, None, "expand and delete tokens; use cal or fixed:N"),
        ("expand-delete", PLAIN, 8, "expand and delete tokens; use blocks or fixed:N"),
        ("daedal", ENDLESS, None, "an end token; use cal or fixed:N"),
        ("blocks", ENDLESS, 8, "an end token"),
        ("cal", PLAIN, 8, "sees the whole canvas at once; a block-causal one takes blocks or fixed:N"),
        ("daedal:4", PLAIN, 8, "sees the whole canvas at once"),
    ],
)
def test_what_cannot_be_is_refused(
    spec: str, tokens: Tokens, block_length: int | None, sentence: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        make(spec, tokens, block_length=block_length)


def test_every_policy_says_what_it_does() -> None:
    for name, meaning in LENGTHS.items():
        assert meaning
        spec = f"{name}:4" if name == "oracle" else name
        assert make(spec).name in LENGTHS
