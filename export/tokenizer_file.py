"""A checkpoint's tokenizer as the runtime needs it: byte-level, with its markers flagged as special.

Published tokenizers flag some markers (`<|fim_prefix|>`, `<think>`) as ordinary added tokens. In a model
folder they are special: a source file that mentions one must not steer the model, and one that the model
writes is no text.
"""

import json
import re
from typing import Any

import tokenizers

from runtime.errors import ModelFileError

MARKER = re.compile(r"\S*[<\[|]\S*[>\]|]\S*")
"""Added tokens that are written like a marker; others (runs of spaces, words) are text."""


def folder_tokenizer(tokenizer: tokenizers.Tokenizer) -> tokenizers.Tokenizer:
    """A copy of `tokenizer` for a model folder.

    Raises:
        ModelFileError: it is no byte-level BPE.
    """
    raw = json.loads(tokenizer.to_str())
    if raw["model"].get("type") != "BPE" or not _is_byte_level(raw.get("decoder")):
        raise ModelFileError(
            "The tokenizer is not byte-level BPE, which is the only kind that can be run "
            f"(it is {raw['model'].get('type')})."
        )
    for token in raw["added_tokens"]:
        if MARKER.fullmatch(token["content"]):
            token.update(special=True, normalized=False)
    return tokenizers.Tokenizer.from_str(json.dumps(raw, ensure_ascii=False))


def _is_byte_level(decoder: Any) -> bool:
    if not isinstance(decoder, dict):
        return False
    parts = decoder.get("decoders", [decoder])
    return any(part.get("type") == "ByteLevel" for part in parts)
