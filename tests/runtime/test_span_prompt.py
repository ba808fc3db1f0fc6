"""What stands around a masked model's canvas, and what is cut where there is no room for it."""

from dataclasses import replace
from pathlib import Path

import pytest
from fixtures_tiny import TinyModel
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.manifest import Manifest, Piece, load_manifest
from runtime.request import FillRequest
from runtime.span_prompt import _shares, build_span_prompt
from runtime.tokenizer import Tokenizer


@pytest.fixture
def folder(make_tiny_model: TinyModel) -> Path:
    return make_tiny_model("none", kind="bidirectional", shift=True)


@pytest.fixture
def tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer(folder / "tokenizer.json")


@pytest.fixture
def framed(folder: Path) -> Manifest:
    """As DreamOn frames its texts: a beginning before and an end behind."""
    manifest = load_manifest(folder)
    pieces = (
        Piece(token=401),
        Piece(slot="prefix"),
        Piece(slot="span"),
        Piece(slot="suffix"),
        Piece(token=402),
    )
    return replace(manifest, layouts={"fim": pieces}, context_length=40)


def test_the_canvas_stands_where_the_layout_says(framed: Manifest, tokenizer: Tokenizer) -> None:
    prompt = build_span_prompt(framed, tokenizer, FillRequest(prefix="for item", suffix=" items"), slots=8)
    assert prompt.before == (401, *tokenizer.encode("for item"))
    assert prompt.after == (*tokenizer.encode(" items"), 402)
    assert prompt.layout == "fim"
    assert prompt.tokens == len(prompt.before) + len(prompt.after)


def test_the_frame_stays_when_text_is_cut(framed: Manifest, tokenizer: Tokenizer) -> None:
    prefix, suffix = "result += item\n" * 20, "return result\n" * 20
    prompt = build_span_prompt(framed, tokenizer, FillRequest(prefix=prefix, suffix=suffix), slots=10)
    assert prompt.tokens == 30
    assert prompt.before[0] == 401
    assert prompt.after[-1] == 402
    ids = tokenizer.encode(prefix)
    assert list(prompt.before[1:]) == ids[-18:]
    assert list(prompt.after[:-1]) == tokenizer.encode(suffix)[:10]


@settings(max_examples=200)
@given(
    prefix=st.integers(0, 60), suffix=st.integers(0, 60), context=st.integers(0, 60), room=st.integers(1, 90)
)
def test_no_room_is_wasted_and_none_exceeded(prefix: int, suffix: int, context: int, room: int) -> None:
    kept = _shares({"prefix": prefix, "suffix": suffix, "context": context}, room)
    assert sum(kept.values()) == min(room, prefix + suffix + context)
    assert kept["prefix"] <= prefix
    assert kept["suffix"] <= suffix
    if prefix + suffix > room:
        assert kept["context"] == 0
        assert kept["prefix"] >= min(prefix, int(room * 2 / 3))
