import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_decoder import SAMPLE

from runtime.errors import ModelFileError
from runtime.tokenizer import Tokenizer

NFC = st.text(max_size=80).map(lambda text: unicodedata.normalize("NFC", text))


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Tokenizer:
    return Tokenizer(tiny_model / "tokenizer.json")


@given(NFC)
def test_text_in_nfc_comes_back(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert tokenizer.decode_bytes(ids) == text.encode()
    assert tokenizer.decode(ids) == text
    assert b"".join(map(tokenizer.token_bytes, ids)) == text.encode()


@given(st.text(max_size=80))
def test_other_text_comes_back_composed(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == unicodedata.normalize("NFC", text)


def test_code_is_fewer_tokens_than_bytes(tokenizer: Tokenizer) -> None:
    assert len(tokenizer.encode(SAMPLE)) < len(SAMPLE) / 2


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\ud800b", "a\ufffdb"),
        ("\udfff", "\ufffd"),
        ("\ud83d\ude42", "🙂"),
        ("\ude42\ud83d", "\ufffd\ufffd"),
    ],
)
def test_surrogates_never_reach_the_model(tokenizer: Tokenizer, text: str, clean: str) -> None:
    assert tokenizer.encode(text) == tokenizer.encode(clean)


def test_a_split_character_is_whole_in_bytes(tokenizer: Tokenizer) -> None:
    ids = tokenizer.encode("🙂")
    assert len(ids) > 1
    assert tokenizer.decode(ids[:-1]).endswith("\ufffd")
    assert tokenizer.decode_bytes(ids) == "🙂".encode()


def test_tokens_that_do_not_exist_are_nothing(tokenizer: Tokenizer) -> None:
    assert tokenizer.token_bytes(999_999) == b""
    assert tokenizer.decode_bytes([999_999]) == b""


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b"\xff\xfe"])
def test_what_is_no_tokenizer_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"is not a tokenizer file .* Pull the model again"):
        Tokenizer(path)


@pytest.fixture(scope="module")
def real_tokenizer(default_model: Path) -> Tokenizer:
    return Tokenizer(default_model / "tokenizer.json")


@pytest.mark.real_model
@given(text=NFC)
def test_text_in_nfc_comes_back_from_the_real_tokenizer(real_tokenizer: Tokenizer, text: str) -> None:
    assert real_tokenizer.decode_bytes(real_tokenizer.encode(text)) == text.encode()
