"""The tokenizer: nothing is lost, and text cut at a line border keeps its tokens."""

from pathlib import Path

import pytest
from corpora import LINES
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from export.training.vocabulary import SPECIAL_TOKENS, load_tokenizer, token_ids, train_tokenizer
from runtime.errors import InputError

TOKENIZER = train_tokenizer(["".join(LINES) * 5], vocabulary_tokens=340)


@given(st.text())
def test_any_text_comes_back(text: str) -> None:
    if not any(token in text for token in SPECIAL_TOKENS):
        assert TOKENIZER.decode(TOKENIZER.encode(text).ids) == text


@given(st.text(alphabet="ab1 .(\n"), st.text(alphabet="ab1 .(\n"))
def test_text_cut_at_a_line_border_has_the_same_tokens(before: str, after: str) -> None:
    whole = TOKENIZER.encode(f"{before}\n{after}").ids

    assert TOKENIZER.encode(f"{before}\n").ids + TOKENIZER.encode(after).ids == whole
    assert TOKENIZER.encode(before).ids + TOKENIZER.encode(f"\n{after}").ids == whole


def test_special_tokens_come_first_and_are_one_id() -> None:
    ids = token_ids(TOKENIZER)

    assert (ids.delete, ids.mask, ids.expand) == (0, 1, 2)
    assert TOKENIZER.encode("<|mask|>").ids == [ids.mask]
    assert TOKENIZER.encode("\n").ids == [ids.newline]


def test_training_twice_gives_one_table() -> None:
    again = train_tokenizer(["".join(LINES) * 5], vocabulary_tokens=340)

    assert again.to_str() == TOKENIZER.to_str()


def test_a_tokenizer_without_a_mask_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no token '<\|mask\|>'"):
        token_ids(Tokenizer.from_str(TOKENIZER.to_str().replace("<|mask|>", "<|other|>")))
    with pytest.raises(InputError, match="There is no tokenizer"):
        load_tokenizer(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(InputError, match="can't be read"):
        load_tokenizer(tmp_path / "bad.json")
