"""Token healing: the canvas begins with the text that the prompt gave up."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_decoder import SAMPLE

from runtime.constraints.healing import HealingConstraint
from runtime.predictions import Predictions
from runtime.tokenizer import Tokenizer

K = 8


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Tokenizer:
    return Tokenizer(tiny_model / "tokenizer.json")


def row(ids: list[int]) -> Predictions:
    logprobs = -np.arange(1, len(ids) + 1, dtype=np.float32)
    return Predictions(np.array([ids], np.int32), logprobs[None], np.ones(1, np.float32))


def one(tokenizer: Tokenizer, text: str) -> int:
    ids = tokenizer.encode(text)
    assert len(ids) == 1, f"{text!r} is one token of the tiny tokenizer"
    return ids[0]


def test_without_a_text_the_likeliest_wins(tokenizer: Tokenizer) -> None:
    assert HealingConstraint(b"", tokenizer).choose(row([5, 6]), 0) == (5, -1.0)


def test_a_longer_token_may_cover_the_text(tokenizer: Tokenizer) -> None:
    constraint = HealingConstraint(b"sel", tokenizer)
    other, whole = one(tokenizer, "item"), one(tokenizer, "self")
    assert constraint.choose(row([other, whole]), 0) == (whole, -2.0)
    constraint.consume(whole)
    assert constraint.choose(row([other, whole]), 0) == (other, -1.0)


def test_the_text_may_come_in_pieces(tokenizer: Tokenizer) -> None:
    constraint = HealingConstraint(b"re", tokenizer)
    r, e, x = (one(tokenizer, letter) for letter in "rex")
    assert constraint.choose(row([x, r]), 0)[0] == r
    constraint.consume(r)
    assert constraint.choose(row([x, e]), 0)[0] == e
    constraint.consume(e)
    assert constraint.choose(row([x, e]), 0)[0] == x


def test_special_tokens_do_not_fit(tokenizer: Tokenizer) -> None:
    special = next(index for index in range(390, 420) if tokenizer.token_bytes(index) == b"")
    r = one(tokenizer, "r")
    assert HealingConstraint(b"r", tokenizer).choose(row([special, r]), 0)[0] == r


pieces = st.one_of(
    st.sampled_from(SAMPLE.split()).map(str.encode),
    st.text(min_size=1, max_size=4).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(["🙂", "é", "한"])
    .map(str.encode)
    .flatmap(lambda character: st.integers(1, len(character) - 1).map(lambda cut: character[cut:])),
)


@given(text=pieces, seed=st.integers(0, 1 << 16))
def test_the_text_is_written_again_whatever_the_model_offers(
    tokenizer: Tokenizer, text: bytes, seed: int
) -> None:
    """Even where no candidate fits, and where the text begins inside a character."""
    chance = np.random.default_rng(seed)
    constraint = HealingConstraint(text, tokenizer)
    written = b""
    for _ in range(len(text)):
        token, _ = constraint.choose(row(chance.permutation(400)[:K].tolist()), 0)
        constraint.consume(token)
        written += tokenizer.token_bytes(token)
        if len(written) >= len(text):
            break
    assert written.startswith(text)


class TestAvoid:
    def test_the_first_text_is_not_the_suffix(self, tokenizer: Tokenizer) -> None:
        constraint = HealingConstraint(b"", tokenizer, b"\n    self.x")
        own, item = one(tokenizer, "self"), one(tokenizer, "item")
        assert constraint.choose(row([own, item]), 0)[0] == item
        constraint.consume(item)
        assert constraint.choose(row([own, item]), 0)[0] == own

    def test_white_space_does_not_count(self, tokenizer: Tokenizer) -> None:
        constraint = HealingConstraint(b"", tokenizer, b"self.x")
        space, own, item = one(tokenizer, " "), one(tokenizer, "self"), one(tokenizer, "item")
        assert constraint.choose(row([space, own]), 0)[0] == space
        constraint.consume(space)
        assert constraint.choose(row([own, item]), 0)[0] == item

    def test_where_everything_is_the_suffix_the_likeliest_is_taken(self, tokenizer: Tokenizer) -> None:
        own = one(tokenizer, "self")
        assert HealingConstraint(b"", tokenizer, b"self.x").choose(row([own]), 0)[0] == own
