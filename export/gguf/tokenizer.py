"""The tokenizer inside a GGUF file, written as a `tokenizer.json`."""

from typing import Any, Protocol

import tokenizers

from export.byte_level_bpe import BAILING, QWEN2, QWEN2_SPLIT, Splitting, byte_level_bpe
from runtime.errors import ModelFileError

__all__ = ["QWEN2_SPLIT", "build_tokenizer", "special_ids"]

SPLITTINGS: dict[str, Splitting] = {
    "qwen2": QWEN2,
    "bailingmoe": BAILING,
    "bailingmoe2": BAILING,
    "llada-moe": BAILING,
}
"""By `tokenizer.ggml.pre`. llama.cpp's converter finds LLaDA's to be that of Ling, `bailingmoe`."""

CONTROL, USER_DEFINED = 3, 4
"""`tokenizer.ggml.token_type` values whose tokens are matched whole, before any splitting."""

UNUSED = 5
"""Names made up for the embedding table's padding rows, which mean nothing."""


class Metadata(Protocol):
    """Anything with a GGUF file's metadata."""

    @property
    def path(self) -> Any:
        """The file, for messages."""
        ...

    def field(self, key: str) -> Any:
        """Value of a metadata key; raises ModelFileError where there is none."""
        ...


def build_tokenizer(file: Metadata) -> tokenizers.Tokenizer:
    """Byte-level BPE from the file's vocabulary and merges.

    Raises:
        ModelFileError: the file's tokenizer is of another kind, or contradicts itself.
    """
    kind, pre = file.field("tokenizer.ggml.model"), file.field("tokenizer.ggml.pre")
    if kind != "gpt2" or pre not in SPLITTINGS:
        raise ModelFileError(
            f"{file.path} has a {kind}/{pre} tokenizer; from a GGUF file, gpt2 tokenizers can be read that "
            f"split like {', '.join(SPLITTINGS)}."
        )
    tokens, types = _tokens(file)
    merges: list[tuple[str, str]] = []
    for merge in _strings(file, "tokenizer.ggml.merges"):
        left, _, right = merge.partition(" ")
        merges.append((left, right))
    vocabulary = {token: index for index, token in enumerate(tokens) if types[index] != UNUSED}
    if len(vocabulary) + types.count(UNUSED) != len(tokens):
        raise ModelFileError(f"{file.path} gives several ids to one token. Download it again.")
    try:
        result = byte_level_bpe(vocabulary, merges, SPLITTINGS[pre])
        result.add_special_tokens([_special(tokens[index]) for index in special_ids(file)])
    except Exception as error:  # the library's own error: a merge of tokens that are not there
        raise ModelFileError(
            f"The tokenizer in {file.path} can't be read ({error}). Download it again."
        ) from error
    return result


def special_ids(file: Metadata) -> list[int]:
    """Ids of the control and user-defined tokens, in order."""
    return [index for index, kind in enumerate(_tokens(file)[1]) if kind in (CONTROL, USER_DEFINED)]


def _tokens(file: Metadata) -> tuple[list[str], list[int]]:
    tokens, types = _strings(file, "tokenizer.ggml.tokens"), file.field("tokenizer.ggml.token_type")
    if not isinstance(types, list) or len(types) != len(tokens):
        raise ModelFileError(f"{file.path} does not say of each token what type it is. Download it again.")
    return tokens, types


def _strings(file: Metadata, key: str) -> list[str]:
    value = file.field(key)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise ModelFileError(f"{file.path} gives {key!r} as something other than a list of texts.")
    return value


def _special(content: str) -> tokenizers.AddedToken:
    return tokenizers.AddedToken(content, special=True, normalized=False)
