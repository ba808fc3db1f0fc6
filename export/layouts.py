"""Prompt layouts of known chat and infilling formats, as manifest pieces."""

import tokenizers

from runtime.errors import ModelFileError
from runtime.manifest import Piece, Slot


def qwen2_layouts(tokenizer: tokenizers.Tokenizer) -> dict[str, tuple[Piece, ...]]:
    """`fim`, `chat` and `plain` for Qwen2.5-Coder.

    fim puts the suffix first and lets the middle continue the prefix. Against the documented
    prefix-first order it keeps the indentation (measured in docs/LOG.md), and while the user types,
    all but the prompt's last tokens stay the same.
    """

    def token(content: str) -> Piece:
        index = tokenizer.token_to_id(content)
        if index is None:
            raise ModelFileError(f"The tokenizer lacks the token {content}, which the prompt layouts need.")
        return Piece(token=index)

    def slot(name: Slot) -> Piece:
        return Piece(slot=name)

    start, end = token("<|im_start|>"), token("<|im_end|>")
    return {
        "fim": (
            slot("context"),
            token("<|fim_prefix|>"),
            token("<|fim_suffix|>"),
            slot("suffix"),
            token("<|fim_middle|>"),
            slot("prefix"),
        ),
        "chat": (
            start,
            Piece(text="system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant."),
            end,
            Piece(text="\n"),
            start,
            Piece(text="user\n"),
            slot("instruction"),
            end,
            Piece(text="\n"),
            start,
            Piece(text="assistant\n```"),
            slot("language"),
            Piece(text="\n"),
            slot("prefix"),
        ),
        "plain": (slot("prefix"),),
    }
