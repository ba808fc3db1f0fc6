from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_decoder import SAMPLE

from runtime.errors import UsageError
from runtime.manifest import Manifest, Piece, load_manifest
from runtime.prompts import build_prompt, choose_layout, healing_length
from runtime.request import MODES, FillRequest
from runtime.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def manifest(tiny_model: Path) -> Manifest:
    return load_manifest(tiny_model)


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Tokenizer:
    return Tokenizer(tiny_model / "tokenizer.json")


def token_of(manifest: Manifest, tokenizer: Tokenizer, name: str) -> int:
    for index in manifest.tokens.eos:
        if tokenizer._inner.id_to_token(index) == name:
            return index
    raise LookupError(name)


def test_fim_puts_the_suffix_first_and_ends_with_the_prefix(manifest: Manifest, tokenizer: Tokenizer) -> None:
    request = FillRequest(prefix="def f():\n", suffix="\nprint(1)\n", layout="fim")
    prompt = build_prompt(manifest, tokenizer, request)
    start, suffix, middle = (
        token_of(manifest, tokenizer, f"<|fim_{name}|>") for name in ("prefix", "suffix", "middle")
    )
    expected = [
        start,
        suffix,
        *tokenizer.encode(request.suffix),
        middle,
        *tokenizer.encode(request.prefix),
    ]
    assert list(prompt.ids) == expected
    assert prompt.healed == b""


def test_chat_prefills_the_answer_with_the_prefix(manifest: Manifest, tokenizer: Tokenizer) -> None:
    request = FillRequest(
        prefix="def f():\n", layout="chat", instruction="Write f & say <|im_end|>.", language="python"
    )
    prompt = build_prompt(manifest, tokenizer, request)
    text = tokenizer.decode(prompt.ids)
    assert text.endswith("assistant\n```python\ndef f():\n")
    assert "Write f & say <|im_end|>." in text
    end = token_of(manifest, tokenizer, "<|im_end|>")
    assert prompt.ids.count(end) == 2  # the system's and the user's turn; not the instruction's text


def test_without_an_instruction_chat_asks_for_the_hole(manifest: Manifest, tokenizer: Tokenizer) -> None:
    request = FillRequest(prefix="def f():\n    ", suffix="\nf()\n", mode="function", language="python")
    text = tokenizer.decode(build_prompt(manifest, tokenizer, request).ids)
    assert text.count("def f():") == 2
    assert "f()\n```" in text


def test_plain_is_the_prefix(manifest: Manifest, tokenizer: Tokenizer) -> None:
    request = FillRequest(prefix="x = 1\n", suffix="ignored", layout="plain")
    assert list(build_prompt(manifest, tokenizer, request).ids) == tokenizer.encode("x = 1\n")


class TestChoice:
    @pytest.mark.parametrize(
        ("changes", "layout"),
        [
            ({"mode": "line"}, "fim"),
            ({"mode": "block"}, "fim"),
            ({"mode": "region"}, "fim"),
            ({"mode": "function"}, "chat"),
            ({"mode": "line", "instruction": "fix it"}, "chat"),
            ({"mode": "function", "layout": "fim"}, "fim"),
        ],
    )
    def test_auto(self, manifest: Manifest, changes: dict[str, str], layout: str) -> None:
        assert choose_layout(manifest, FillRequest(prefix="", **changes)) == layout  # type: ignore[arg-type]

    def test_a_model_without_fim_goes_on_plainly(self, manifest: Manifest) -> None:
        plain = replace(manifest, layouts={"plain": (Piece(slot="prefix"),)})
        for mode in MODES:
            assert choose_layout(plain, FillRequest(prefix="", mode=mode)) == "plain"

    def test_an_unknown_one_is_refused_with_those_there_are(self, manifest: Manifest) -> None:
        with pytest.raises(UsageError, match=r"no prompt layout 'odd'; it has .*fim"):
            choose_layout(manifest, FillRequest(prefix="", layout="odd"))


class TestHealing:
    @given(prefix=st.sampled_from(SAMPLE.splitlines(keepends=True)) | st.text(max_size=20))
    def test_nothing_of_the_prefix_is_lost(
        self, manifest: Manifest, tokenizer: Tokenizer, prefix: str
    ) -> None:
        prompt = build_prompt(manifest, tokenizer, FillRequest(prefix=prefix, layout="plain"))
        whole = tokenizer.encode(prefix)
        assert tokenizer.decode_bytes([*prompt.ids, *prompt.healed_ids]) == tokenizer.decode_bytes(whole)
        assert prompt.healed == tokenizer.decode_bytes(prompt.healed_ids)
        assert len(prompt.ids) >= 1

    def test_a_word_is_taken_back(self, manifest: Manifest, tokenizer: Tokenizer) -> None:
        prompt = build_prompt(manifest, tokenizer, FillRequest(prefix="a = ret", layout="fim"))
        assert prompt.healed
        assert b"a = ret".endswith(prompt.healed)

    @pytest.mark.parametrize("prefix", ["x = 1\n", "\n\n", "x = 1\r\n", ""])
    def test_a_line_break_is_a_token_border(self, tokenizer: Tokenizer, prefix: str) -> None:
        assert healing_length(tokenizer.encode(prefix), tokenizer) == 0

    def test_an_empty_prompt_still_has_a_token(self, manifest: Manifest, tokenizer: Tokenizer) -> None:
        prompt = build_prompt(manifest, tokenizer, FillRequest(prefix="", layout="plain"))
        assert prompt.ids == (manifest.tokens.pad,)


def test_a_prompt_that_is_too_long_says_by_how_much(manifest: Manifest, tokenizer: Tokenizer) -> None:
    request = FillRequest(prefix="x\n" * 3000, max_tokens=100)
    with pytest.raises(UsageError, match=r"The text around the hole is [\d,]+ tokens; tiny-int8 takes 1,9"):
        build_prompt(manifest, tokenizer, request)
