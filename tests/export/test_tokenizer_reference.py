"""Token ids are those of transformers' Qwen2 tokenizers, on text of every odd kind."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import Qwen2Tokenizer, Qwen2TokenizerFast

from export.gguf.checkpoint import GgufCheckpoint
from export.gguf.tokenizer import build_tokenizer, special_ids
from runtime.tokenizer import Tokenizer

ODD = {
    "nothing": "",
    "spaces": "   \n  \n\n    x\n \n",
    "crlf": "def f():\r\n    return 1\r\n\r\n\r\n  # end\r\n",
    "bare cr": "a\rb\r\r  c",
    "tabs": "if x:\n\tif y:\n\t\tz = 1\t# why\n \t mixed\n",
    "emoji": "print('🙂👩‍👩‍👧‍👦🏳️‍🌈') # 🎉🎉",
    "cjk": "变量 = 字符串('日本語のコメント') # 한국어",
    "combining, composed": "café naïve Ångström",
    "combining, decomposed": "cafe\u0301 nai\u0308ve A\u030angstro\u0308m \u1100\u1161",
    "combining stack": "Z\u0351\u036b\u0343\u036aa\u0328\u0301\u0323lgo",
    "nul": "a\0b\0\0c",
    "controls": "\x01\x02\x1b[31mred\x1b[0m\x7f\x85\u2028\u2029\ufeff",
    "odd spaces": "a\u00a0b\u2003c\u3000d\u200be\u202ff",
    "numbers": "0x1F 1_000_000 3.14e-10 ١٢٣ ½ ⅷ 2²",
    "contractions": "I'm you're HE'LL it'S 'd'd won't",
    "right to left": "שלום = 'مرحبا'",
    "mathematics": "∀x∈A: ⌈x⌉ ≠ ⌊x⌋ \U0001d518\U0001d52b",
    "operators": "a<<=b>>=c//=d**=e!=f->g:=h...{}[]()<><?php",
    "escaped surrogates": "\\ud800 \\uDFFF '\\ud83d\\ude00'",
    "replacement": "\ufffd\ufffd",
    "long line of words": "result = compute(alpha, beta_2) + 'text' # " * 2400,
    "long line of spaces": "x" + " " * 100_000 + "y",
}
ONE_LETTER = "a" * 100_000
"""One word of 100 kB: too slow for the reference in Python, so only the one in Rust reads it."""


@dataclass(frozen=True)
class Case:
    ours: Tokenizer
    slow: Qwen2Tokenizer
    fast: Qwen2TokenizerFast
    special: dict[str, int]


def make_case(folder: Path, tokenizer_file: Path, vocabulary: list[str], merges: list[str]) -> Case:
    vocab_file, merges_file = folder / "vocab.json", folder / "merges.txt"
    vocab_file.write_text(json.dumps({token: index for index, token in enumerate(vocabulary)}))
    merges_file.write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    files = {"vocab_file": str(vocab_file), "merges_file": str(merges_file)}
    ours = Tokenizer(tokenizer_file)
    added = json.loads(tokenizer_file.read_text(encoding="utf-8"))["added_tokens"]
    special = {token["content"]: token["id"] for token in added}
    return Case(ours, Qwen2Tokenizer(**files), Qwen2TokenizerFast(**files), special)


def tiny_case(folder: Path, model_folder: Path) -> Case:
    path = model_folder / "tokenizer.json"
    model = json.loads(path.read_text(encoding="utf-8"))["model"]
    vocabulary = sorted(model["vocab"], key=model["vocab"].get)
    return make_case(folder, path, vocabulary, [" ".join(pair) for pair in model["merges"]])


def real_case(folder: Path, gguf: Path) -> Case:
    checkpoint = GgufCheckpoint(gguf)
    path = folder / "tokenizer.json"
    build_tokenizer(checkpoint).save(str(path))
    tokens = checkpoint.field("tokenizer.ggml.tokens")[: special_ids(checkpoint)[0]]
    return make_case(folder, path, tokens, checkpoint.field("tokenizer.ggml.merges"))


@pytest.fixture(scope="module", params=["tiny", pytest.param("real", marks=pytest.mark.real_model)])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("tokenizer")
    if request.param == "tiny":
        return tiny_case(folder, request.getfixturevalue("tiny_model"))
    return real_case(folder, request.getfixturevalue("default_checkpoint"))


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_ids_of_odd_text(case: Case, text: str) -> None:
    ours = case.ours.encode(text)
    assert ours == case.slow.encode(text)
    assert ours == case.fast.encode(text)


def test_one_very_long_word(case: Case) -> None:
    assert case.ours.encode(ONE_LETTER) == case.fast.encode(ONE_LETTER)


def test_ids_of_drawn_text(case: Case) -> None:
    @settings(max_examples=200, deadline=None, database=None)
    @given(st.text(max_size=60))
    def check(text: str) -> None:
        assert case.ours.encode(text) == case.slow.encode(text)

    check()


def test_ids_of_source_code(case: Case) -> None:
    text = Path(random.__file__).read_text(encoding="utf-8")
    assert case.ours.encode(text) == case.fast.encode(text)


def test_special_tokens_in_text_are_text(case: Case) -> None:
    assert case.special
    for name, index in case.special.items():
        text = f"x = '{name}'"
        ids = case.ours.encode(text)
        assert index not in ids
        assert case.ours.decode(ids) == text
        assert case.ours.token_bytes(index) == b""
