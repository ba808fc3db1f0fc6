"""A folder's tokenizer: its tokenizer.json, or one made from vocab.json and merges.txt.

No tokenizer class of a checkpoint is ever loaded.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import tokenizers

from export.byte_level_bpe import GPT2, QWEN2, Splitting, byte_level_bpe
from export.checkpoints.added_tokens import (
    add_tokens,
    added_tokens,
    check_added,
    check_id,
    clash,
    library_call,
    with_vocabulary,
)
from export.checkpoints.folder import Folder, parse_object, read_text
from runtime.errors import ModelFileError

MOST_BYTES = 256 << 20
"""The largest tokenizer.json in use has a fifth of this."""

SPLITTINGS: dict[str, Splitting] = {
    "Qwen2Tokenizer": QWEN2,
    "Qwen2TokenizerFast": QWEN2,
    "DreamTokenizer": QWEN2,
    "GPT2Tokenizer": GPT2,
    "GPT2TokenizerFast": GPT2,
    "RobertaTokenizer": GPT2,
    "RobertaTokenizerFast": GPT2,
}
"""How the tokenizer classes that come as vocab.json and merges.txt cut text into words."""

CLASS_OF_MODEL = {
    "qwen2": "Qwen2Tokenizer",
    "qwen3": "Qwen2Tokenizer",
    "Dream": "DreamTokenizer",
    "gpt2": "GPT2Tokenizer",
    "roberta": "RobertaTokenizer",
}
"""The class where tokenizer_config.json names none, by the configuration's `model_type`."""

_SAVE = "Save it once with transformers' `save_pretrained` and put the tokenizer.json there."


def read_tokenizer(folder: Folder, config: Mapping[str, Any]) -> tokenizers.Tokenizer:
    """The tokenizer of `folder`, with every added token at its own id, and without truncation or padding.

    Raises:
        ModelFileError: there is none, it is of a kind that can't be read as data, it is damaged, or
            an added token's id is taken.
    """
    settings = folder.json_object("tokenizer_config.json") or {}
    whole = folder.find("tokenizer.json")
    if whole is not None:
        tokenizer = _parse(read_text(whole, MOST_BYTES), whole)
    else:
        tokenizer = _from_merges(folder, settings, config)
    added = added_tokens(folder, settings)
    if added:
        tokenizer = add_tokens(tokenizer, added, folder.path)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _parse(text: str, path: Path) -> tokenizers.Tokenizer:
    raw = parse_object(text, path)
    model = raw.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocabulary, dict):
        _check_vocabulary(vocabulary, path)
    added: dict[str, int] = {}
    listed = raw.get("added_tokens")
    for entry in listed if isinstance(listed, list) else ():
        content = entry.get("content") if isinstance(entry, dict) else None
        if not isinstance(content, str) or not content:
            raise ModelFileError(f"{path} has something other than a token among its `added_tokens`.")
        added[content] = check_id(entry.get("id"), path)
    tokenizer = library_call(lambda: tokenizers.Tokenizer.from_str(text), path)
    if isinstance(vocabulary, dict) and any(tokenizer.token_to_id(token) != added[token] for token in added):
        taken = {index: token for token, index in vocabulary.items()}
        for token, index in added.items():
            if vocabulary.get(token, index) != index or taken.get(index, token) != token:
                raise clash(path, token, index, taken.get(index, token))
        tokenizer = with_vocabulary(raw, added, path)
    check_added(tokenizer, added, path)
    return tokenizer


def _from_merges(
    folder: Folder, settings: Mapping[str, Any], config: Mapping[str, Any]
) -> tokenizers.Tokenizer:
    vocabulary_path, merges_path = folder.find("vocab.json"), folder.find("merges.txt")
    if vocabulary_path is None or merges_path is None:
        raise ModelFileError(
            f"{folder.path} has neither tokenizer.json nor vocab.json with merges.txt, so its tokenizer "
            f"can't be read as data. {_SAVE}"
        )
    name = settings.get("tokenizer_class") or CLASS_OF_MODEL.get(str(config.get("model_type")))
    splitting = SPLITTINGS.get(str(name))
    if splitting is None:
        raise ModelFileError(
            f"{folder.path} has no tokenizer.json, and how the tokenizer class {name!r} splits text is not "
            f"known here (known: {', '.join(sorted(SPLITTINGS))}). {_SAVE}"
        )
    vocabulary = parse_object(read_text(vocabulary_path, MOST_BYTES), vocabulary_path)
    _check_vocabulary(vocabulary, vocabulary_path)
    merges = _read_merges(merges_path)
    splitting = replace(splitting, prefix_space=settings.get("add_prefix_space") is True)
    return library_call(lambda: byte_level_bpe(vocabulary, merges, splitting), merges_path)


def _read_merges(path: Path) -> list[tuple[str, str]]:
    merges = []
    # Not splitlines(): tokens may hold any character that Unicode calls a line break.
    for number, line in enumerate(read_text(path, MOST_BYTES).split("\n"), 1):
        text = line.removesuffix("\r")
        if not text or (number == 1 and text.startswith("#version")):
            continue
        left, space, right = text.partition(" ")
        if not (left and space and right) or " " in right:
            raise ModelFileError(f"{path} has no pair of tokens on line {number}. Download it again.")
        merges.append((left, right))
    return merges


def _check_vocabulary(vocabulary: Mapping[str, Any], path: Path) -> None:
    if len({check_id(index, path) for index in vocabulary.values()}) < len(vocabulary):
        raise ModelFileError(f"{path} gives several tokens the same id. Download it again.")
