"""Where a hole is cut that never met its suffix."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from random_decoder import write_tiny_model

from runtime.canvas import Canvas
from runtime.denoisers.causal import CausalDenoiser
from runtime.joining import HEAD_LIMIT, Plausible, best_join, find_joins, suffix_head
from runtime.session import DenoiserSession
from runtime.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("joining") / "tiny", "int8")


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer(folder / "tokenizer.json")


def byte_tokens(tokenizer: Tokenizer, text: str) -> list[int]:
    """One token for each character: single ASCII characters are tokens of their own."""
    tokens = [tokenizer.encode(character) for character in text]
    assert all(len(token) == 1 for token in tokens)
    return [token[0] for token in tokens]


def canvas_of(tokens: Sequence[int], offers: dict[int, Sequence[int]] | None = None) -> Canvas:
    """A canvas with all slots committed; each slot was offered its own token, and `offers` beside it."""
    canvas = Canvas(len(tokens))
    for slot, token in enumerate(tokens):
        ids = [token, *(offers or {}).get(slot, ())]
        canvas.commit(slot, token, -0.1, (ids, [-0.1 * (1 + place) for place in range(len(ids))]))
    return canvas


def holes(joins: Sequence[object]) -> set[bytes]:
    return {join.hole for join in joins}  # type: ignore[attr-defined]


def test_a_place_is_found_where_the_text_itself_goes_on_as_the_suffix(tokenizer: Tokenizer) -> None:
    canvas = canvas_of(byte_tokens(tokenizer, "ab(c)"))
    assert holes(find_joins(canvas, tokenizer, b"", "(x", at_line_start=False)) == {b"ab"}


def test_a_candidate_that_was_not_taken_is_a_place_too(tokenizer: Tokenizer) -> None:
    (crossing,) = byte_tokens(tokenizer, ";")
    canvas = canvas_of(byte_tokens(tokenizer, "abc"), {2: [crossing]})
    found = find_joins(canvas, tokenizer, b"", ";\n", at_line_start=False)
    assert [(join.hole, join.slot, join.token) for join in found] == [(b"ab", 2, crossing)]


def test_one_token_may_end_the_hole_and_begin_the_suffix(tokenizer: Tokenizer) -> None:
    whole = next(
        token for token in range(5_000) if len(text := tokenizer.token_bytes(token)) > 2 and text.isalpha()
    )
    text = tokenizer.token_bytes(whole).decode()
    canvas = canvas_of([*byte_tokens(tokenizer, "a "), whole])
    found = find_joins(canvas, tokenizer, b"", text[1:] + "(", at_line_start=False)
    assert (b"a " + text[:1].encode(), len(text) - 1) in {(join.hole, join.covered) for join in found}


def test_a_line_of_its_own_begins_only_after_a_line_break(tokenizer: Tokenizer) -> None:
    canvas = canvas_of(byte_tokens(tokenizer, "x = 1\nx"))
    assert holes(find_joins(canvas, tokenizer, b"", "x", at_line_start=True)) == {b"x = 1\n"}


def test_text_before_the_hole_is_not_part_of_it(tokenizer: Tokenizer) -> None:
    canvas = canvas_of(byte_tokens(tokenizer, "ab;"))
    assert holes(find_joins(canvas, tokenizer, b"a", ";", at_line_start=False)) == {b"b"}


def test_a_hole_is_never_empty(tokenizer: Tokenizer) -> None:
    canvas = canvas_of(byte_tokens(tokenizer, "  ;"))
    assert find_joins(canvas, tokenizer, b"", ";", at_line_start=False) == []


def test_the_best_place_is_one_of_those_found(folder: Path, tokenizer: Tokenizer) -> None:
    denoiser = CausalDenoiser(DenoiserSession(folder))
    prompt = byte_tokens(tokenizer, "abcdef")
    denoiser.begin(prompt)
    tokens = byte_tokens(tokenizer, "a;b;c")
    written = Canvas(1)
    predictions = denoiser.predict(written, 0)
    assert len(predictions) == 1
    denoiser.settle(tokens)
    canvas = canvas_of(tokens)
    best = best_join(
        canvas, denoiser, tokenizer, b"", ";\nx", at_line_start=False, plausible=Plausible("", ";\nx")
    )
    assert best in {b"a", b"a;b"}


def test_a_suffix_that_fits_nowhere_joins_nowhere(folder: Path, tokenizer: Tokenizer) -> None:
    denoiser = CausalDenoiser(DenoiserSession(folder))
    canvas = canvas_of(byte_tokens(tokenizer, "abc"))
    assert (
        best_join(canvas, denoiser, tokenizer, b"", "?", at_line_start=False, plausible=Plausible("", "?"))
        is None
    )


@pytest.mark.parametrize(
    ("prefix", "suffix", "hole", "fits"),
    [
        ("def f():\n", "    return x\n", "    x = 1\n", True),
        ("def f():\n", "        return x\n", "    x = 1\n", False),
        ("def f():\n", "        return x\n", "    if x:\n", True),
        ("def f():\n", "    return x\n", "    if x:\n", False),
        ("def f():\n", "    return x\n", "    if x:\n        y()\n", True),
        ("def f():\n", "  return x\n", "    if x:\n        y()\n", False),
        ("def f():\n", "other()\n", "    x = 1\n", True),
        ("f(\n", ")\n", "    x,\n", True),
        ("def f():\n", "    return x\n", "    x = ", True),
    ],
)
def test_the_suffix_has_to_fit_by_its_indentation(prefix: str, suffix: str, hole: str, fits: bool) -> None:
    assert Plausible(prefix, suffix)(hole) is fits


def test_the_suffix_is_judged_by_whole_lines_where_they_say_enough() -> None:
    assert suffix_head("a\n    return value + 1\nrest\n") == "a\n    return value + 1\n"
    assert suffix_head("x" * 200) == "x" * HEAD_LIMIT
