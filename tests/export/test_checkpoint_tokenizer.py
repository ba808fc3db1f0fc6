"""Tokenizers of checkpoints: from either set of files, with every added token at its own id."""

import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from checkpoint_maker import make_checkpoint
from checkpoint_recipes import RECIPES
from transformers import GPT2TokenizerFast, Qwen2TokenizerFast, RobertaTokenizerFast

from export.checkpoints import open_checkpoint
from runtime.errors import ModelFileError

TEXT = "def f(x):\n    return x + 1234  # it's 'naïve' e\u0301\r\n\n\n\tprint(\"…\")\n"
Json = dict[str, Any]


def quiet(_stage: str, _done: float) -> None:
    """No progress to show."""


def tokenizer_of(folder: Path) -> tokenizers.Tokenizer:
    return open_checkpoint(folder, progress=quiet).tokenizer


def refused(folder: Path, match: str) -> None:
    with pytest.raises(ModelFileError, match=match) as caught:
        tokenizer_of(folder)
    assert "\n" not in str(caught.value)


def edit(path: Path, **fields: Any) -> None:
    raw = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    path.write_text(json.dumps({**raw, **fields}), encoding="utf-8")


def decoder(*tokens: tuple[int, str], **flags: bool) -> dict[str, Json]:
    """`added_tokens_decoder` as transformers writes it."""
    plain = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    return {str(index): {"content": content, **plain, **flags} for index, content in tokens}


def as_vocabulary_and_merges(folder: Path) -> tokenizers.Tokenizer:
    """Replace tokenizer.json by vocab.json and merges.txt; the added tokens stay in the settings."""
    path = folder / "tokenizer.json"
    whole = tokenizers.Tokenizer.from_file(str(path))
    model = json.loads(path.read_text(encoding="utf-8"))["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"]), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    path.unlink()
    added = whole.get_added_tokens_decoder()
    edit(
        folder / "tokenizer_config.json",
        added_tokens_decoder={
            key: value
            for index, token in added.items()
            for key, value in decoder((index, token.content), special=token.special).items()
        },
    )
    return whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path, "dream")


def test_tokenizer_json_is_taken_as_it_is(folder: Path) -> None:
    expected = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer_of(folder).to_str() == expected.to_str()


def test_vocabulary_and_merges_give_the_same_ids(folder: Path) -> None:
    expected = as_vocabulary_and_merges(folder)
    found = tokenizer_of(folder)
    assert found.get_vocab(with_added_tokens=True) == expected.get_vocab(with_added_tokens=True)
    for text in (TEXT, f"<|im_start|>user\n{TEXT}<|im_end|>", "<|mask|><|mask|> x"):
        assert found.encode(text).ids == expected.encode(text).ids
    assert found.decode(found.encode(TEXT).ids) == expected.decode(expected.encode(TEXT).ids)
    flags = {index: token.special for index, token in found.get_added_tokens_decoder().items()}
    assert flags == {index: token.special for index, token in expected.get_added_tokens_decoder().items()}


@pytest.mark.parametrize(
    ("settings", "reference"),
    [
        ({"tokenizer_class": "Qwen2Tokenizer"}, Qwen2TokenizerFast),
        ({"tokenizer_class": "GPT2Tokenizer"}, GPT2TokenizerFast),
        ({"tokenizer_class": "RobertaTokenizer"}, RobertaTokenizerFast),
        ({"tokenizer_class": "RobertaTokenizer", "add_prefix_space": True}, RobertaTokenizerFast),
    ],
)
def test_each_class_splits_text_as_transformers_does(folder: Path, settings: Json, reference: Any) -> None:
    as_vocabulary_and_merges(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    files = {"vocab_file": str(folder / "vocab.json"), "merges_file": str(folder / "merges.txt")}
    expected = reference(**files, add_prefix_space=settings.get("add_prefix_space", False))
    ids = tokenizer_of(folder).encode(TEXT, add_special_tokens=False).ids
    assert ids == expected.encode(TEXT, add_special_tokens=False)


def test_the_class_follows_from_the_models_type(folder: Path) -> None:
    expected = as_vocabulary_and_merges(folder)
    edit(folder / "tokenizer_config.json", tokenizer_class=None)
    assert tokenizer_of(folder).encode(TEXT).ids == expected.encode(TEXT).ids


def test_a_class_that_is_not_known_is_refused(folder: Path) -> None:
    as_vocabulary_and_merges(folder)
    edit(folder / "tokenizer_config.json", tokenizer_class="MysteryTokenizer")
    refused(folder, "'MysteryTokenizer' splits text is not known .*Qwen2Tokenizer")


@pytest.mark.parametrize("gone", [{"merges.txt"}, {"vocab.json"}, {"merges.txt", "vocab.json"}])
def test_missing_files_are_named(folder: Path, gone: set[str]) -> None:
    as_vocabulary_and_merges(folder)
    for name in gone:
        (folder / name).unlink()
    refused(folder, r"neither tokenizer\.json nor vocab\.json with merges\.txt")


def without(folder: Path, *contents: str) -> None:
    """Take added tokens out of tokenizer.json, as in checkpoints whose own class adds them."""
    path = folder / "tokenizer.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["added_tokens"] = [token for token in raw["added_tokens"] if token["content"] not in contents]
    path.write_text(json.dumps(raw), encoding="utf-8")


@pytest.mark.parametrize("file", ["tokenizer_config.json", "added_tokens.json"])
def test_tokens_that_only_the_settings_know_are_added_at_their_ids(folder: Path, file: str) -> None:
    whole = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    beginning, mask = (whole.token_to_id(token) for token in ("<|beginoftext|>", "<|mask|>"))
    without(folder, "<|beginoftext|>", "<|mask|>")
    tokens = [(beginning, "<|beginoftext|>"), (mask, "<|mask|>")]
    if file == "added_tokens.json":
        edit(folder / file, **{content: index for index, content in tokens})
    else:
        edit(folder / file, added_tokens_decoder=decoder(*tokens))
    found = tokenizer_of(folder)
    assert found.get_vocab(with_added_tokens=True) == whole.get_vocab(with_added_tokens=True)
    assert found.encode("x<|mask|>y").ids == whole.encode("x<|mask|>y").ids
    assert found.get_added_tokens_decoder()[mask].special


def test_ids_may_leave_gaps(folder: Path) -> None:
    edit(folder / "tokenizer_config.json", added_tokens_decoder=decoder((500, "<|late|>"), (490, "<|mid|>")))
    found = tokenizer_of(folder)
    assert (found.token_to_id("<|late|>"), found.id_to_token(490)) == (500, "<|mid|>")
    assert found.encode("a<|late|>").ids[-1] == 500
    before = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert found.encode(TEXT).ids == before.encode(TEXT).ids
    old = before.get_vocab(with_added_tokens=True)
    assert found.get_vocab(with_added_tokens=True) == {**old, "<|late|>": 500, "<|mid|>": 490}


def test_gaps_within_tokenizer_json_are_kept(folder: Path) -> None:
    """The library renumbers such tokens and says so only in a log."""
    path = folder / "tokenizer.json"
    raw = json.loads(path.read_text(encoding="utf-8"))
    raw["added_tokens"][-1]["id"] = 480
    path.write_text(json.dumps(raw), encoding="utf-8")
    assert tokenizer_of(folder).token_to_id("<|mask|>") == 480


def test_a_token_of_the_vocabulary_becomes_a_special_one(folder: Path) -> None:
    index = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")).token_to_id("self")
    assert index is not None
    edit(folder / "tokenizer_config.json", added_tokens_decoder=decoder((index, "self")))
    assert tokenizer_of(folder).get_added_tokens_decoder()[index].content == "self"


def test_an_id_that_another_token_has_is_refused(folder: Path) -> None:
    whole = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    taken = whole.token_to_id("<|im_end|>")
    edit(folder / "tokenizer_config.json", added_tokens_decoder=decoder((taken, "<|new|>")))
    refused(folder, rf"'<\|new\|>' the id {taken}, which '<\|im_end\|>' has already")


def test_a_token_with_two_ids_is_refused(folder: Path) -> None:
    edit(folder / "tokenizer_config.json", added_tokens_decoder=decoder((500, "<|mask|>")))
    refused(folder, r"'<\|mask\|>' the ids \d+ and 500")


def test_two_files_that_disagree_are_refused(folder: Path) -> None:
    edit(folder / "added_tokens.json", **{"<|other|>": 500})
    edit(folder / "tokenizer_config.json", added_tokens_decoder=decoder((500, "<|late|>")))
    refused(folder, r"'<\|late\|>' the id 500, which '<\|other\|>' has already")


@pytest.mark.parametrize("index", [-1, 1 << 40, 1.5, "7", True, None])
def test_ids_that_no_model_has_are_refused(folder: Path, index: Any) -> None:
    edit(folder / "added_tokens.json", **{"<|x|>": index})
    refused(folder, "which no model can have")


@pytest.mark.parametrize(
    "entries",
    [
        [1],
        "x",
        {"a": {"content": "x"}},
        {"5": {"text": "x"}},
        {"-1": "x"},
        {"²": "x"},
        {"500": {"content": ""}},
    ],
)
def test_entries_that_are_no_tokens_are_refused(folder: Path, entries: Any) -> None:
    edit(folder / "tokenizer_config.json", added_tokens_decoder=entries)
    refused(folder, r"tokenizer_config\.json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b'{"model": 3}',
        b'{"model": {"type": "BPE"}}',
        b'{"version": "1.0", "added_tokens": [3], "model": {"type": "BPE", "vocab": {}, "merges": []}}',
        b'{"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}',
        b'{"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 4294967295}, "merges": []}}',
        b'{"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["x y"]}}',
        b'{"version": "1.0", "model": {"type": "Code", "vocab": {}, "merges": []}}',
    ],
)
def test_a_broken_tokenizer_json_is_refused(folder: Path, content: bytes) -> None:
    (folder / "tokenizer.json").write_bytes(content)
    refused(folder, r"tokenizer\.json")


@pytest.mark.parametrize("line", ["a", "a b c", " a", "a ", "zz qq"])
def test_broken_merges_are_refused(folder: Path, line: str) -> None:
    as_vocabulary_and_merges(folder)
    with (folder / "merges.txt").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    refused(folder, r"merges\.txt")


@pytest.mark.parametrize("body", ["[]", "{", '{"a": "0"}', '{"a": 0, "b": 0}', '{"a": -5}'])
def test_a_broken_vocabulary_is_refused(folder: Path, body: str) -> None:
    as_vocabulary_and_merges(folder)
    (folder / "vocab.json").write_text(body)
    refused(folder, r"vocab\.json")


def test_padding_and_truncation_of_training_are_switched_off(folder: Path) -> None:
    path = str(folder / "tokenizer.json")
    trained = tokenizers.Tokenizer.from_file(path)
    trained.enable_truncation(4)
    trained.enable_padding(length=64)
    trained.save(path)
    assert 4 < len(tokenizer_of(folder).encode(TEXT).ids) != 64


@pytest.mark.parametrize("family", [name for name in RECIPES if name != "diffucoder"])
def test_every_familys_files_are_read(tmp_path: Path, family: str) -> None:
    folder = make_checkpoint(tmp_path, family)
    found = tokenizer_of(folder)
    for token in RECIPES[family].added:
        assert found.encode(f"x{token}").tokens[-1] == token
