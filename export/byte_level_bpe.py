"""Byte-level BPE tokenizers from a vocabulary and merges, with the splitting each model family uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers

QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Of Qwen2, Qwen2.5, Qwen3 and what was trained from them, as in their tokenizer.json."""

BAILING_SPLIT = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
)
"""Of LLaDA, whose tokenizer is Ling's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitting:
    """How text is cut into words before merges are applied."""

    pattern: str | None
    """None: GPT-2's own pattern."""
    nfc: bool
    """Whether text is brought to Unicode's composed form first."""
    prefix_space: bool = False
    """Whether a space is put before the text."""


GPT2 = Splitting(pattern=None, nfc=False)
QWEN2 = Splitting(pattern=QWEN2_SPLIT, nfc=True)
BAILING = Splitting(pattern=BAILING_SPLIT, nfc=False)


def byte_level_bpe(
    vocabulary: Mapping[str, int], merges: Iterable[tuple[str, str]], splitting: Splitting
) -> tokenizers.Tokenizer:
    """A tokenizer without added tokens.

    Raises:
        Exception: a merge names a token that the vocabulary lacks (the library's own error).
    """
    result = tokenizers.Tokenizer(models.BPE(vocab=dict(vocabulary), merges=list(merges)))
    if splitting.nfc:
        result.normalizer = normalizers.NFC()
    if splitting.pattern is None:
        result.pre_tokenizer = pre_tokenizers.ByteLevel(
            add_prefix_space=splitting.prefix_space, use_regex=True
        )
    else:
        result.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(tokenizers.Regex(splitting.pattern), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=splitting.prefix_space, use_regex=False),
            ]
        )
    result.decoder = decoders.ByteLevel()
    return result
