"""The tokenizer inside a GGUF file, written as a `tokenizer.json`."""

from typing import Any

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers

from export.gguf.checkpoint import GgufCheckpoint
from runtime.errors import ModelFileError

# Pre-tokenisation of Qwen2 (`tokenizer.ggml.pre` = qwen2), as published in the model's tokenizer.json.
QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

CONTROL, USER_DEFINED = 3, 4
"""`tokenizer.ggml.token_type` values whose tokens are matched whole, before any splitting."""

UNUSED = 5
"""Names made up for the embedding table's padding rows, which mean nothing."""


def build_tokenizer(checkpoint: GgufCheckpoint) -> tokenizers.Tokenizer:
    """Byte-level BPE from the file's vocabulary and merges.

    Raises:
        ModelFileError: the file's tokenizer is of another kind.
    """
    kind, pre = checkpoint.field("tokenizer.ggml.model"), checkpoint.field("tokenizer.ggml.pre")
    if (kind, pre) != ("gpt2", "qwen2"):
        raise ModelFileError(
            f"{checkpoint.path} has a {kind}/{pre} tokenizer; only gpt2/qwen2 can be read from a GGUF file."
        )
    tokens: list[str] = checkpoint.field("tokenizer.ggml.tokens")
    merges: list[tuple[str, str]] = []
    for merge in checkpoint.field("tokenizer.ggml.merges"):
        left, _, right = merge.partition(" ")
        merges.append((left, right))
    types: list[int] = checkpoint.field("tokenizer.ggml.token_type")
    vocabulary = {token: index for index, token in enumerate(tokens) if types[index] != UNUSED}
    result = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    result.normalizer = normalizers.NFC()
    result.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(QWEN2_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    result.decoder = decoders.ByteLevel()
    result.add_special_tokens([_special(tokens[index]) for index in special_ids(checkpoint)])
    return result


def special_ids(checkpoint: GgufCheckpoint) -> list[int]:
    """Ids of the control and user-defined tokens, in order."""
    types: list[int] = checkpoint.field("tokenizer.ggml.token_type")
    return [index for index, kind in enumerate(types) if kind in (CONTROL, USER_DEFINED)]


def _special(content: str) -> Any:
    return tokenizers.AddedToken(content, special=True, normalized=False)
