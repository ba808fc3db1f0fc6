"""Prompt layouts of known chat and infilling formats, as manifest pieces."""

from dataclasses import dataclass

import tokenizers

from runtime.errors import ModelFileError
from runtime.manifest import Piece, Slot

Layouts = dict[str, tuple[Piece, ...]]

Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFormat:
    """The turns of a conversation around an answer that is being written."""

    opening: Pieces
    """Everything up to the answer."""
    closing: Pieces
    """What ends the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfillTokens:
    """Tokens of a suffix-first infilling format, in the order that keeps the prefix next to the hole."""

    before_suffix: tuple[int, ...]
    after_suffix: tuple[int, ...]
    after_prefix: tuple[int, ...] = ()


def qwen2_layouts(tokenizer: tokenizers.Tokenizer) -> Layouts:
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

    start, end = token("<|im_start|>"), token("<|im_end|>")
    return {
        "fim": (
            _slot("context"),
            token("<|fim_prefix|>"),
            token("<|fim_suffix|>"),
            _slot("suffix"),
            token("<|fim_middle|>"),
            _slot("prefix"),
        ),
        "chat": (
            start,
            Piece(text="system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant."),
            end,
            Piece(text="\n"),
            start,
            Piece(text="user\n"),
            _slot("instruction"),
            end,
            Piece(text="\n"),
            start,
            Piece(text="assistant\n```"),
            _slot("language"),
            Piece(text="\n"),
            _slot("prefix"),
        ),
        "plain": (_slot("prefix"),),
    }


def bidirectional_layouts(begin: int | None, end: int | None, chat: ChatFormat | None) -> Layouts:
    """`fim`, and `chat` where there is a format: the span stands in reading order between its neighbours.

    `begin` and `end` frame the text where the model was trained to see its edges.
    """
    layouts: Layouts = {
        "fim": (*_tokens(begin), _slot("prefix"), _slot("span"), _slot("suffix"), *_tokens(end))
    }
    if chat is not None:
        layouts["chat"] = (
            *_answer(chat),
            _slot("span"),
            _slot("suffix"),
            Piece(text="\n```"),
            *chat.closing,
        )
    return layouts


def block_causal_layouts(
    infill: InfillTokens | None, chat: ChatFormat | None, begin: int | None = None
) -> Layouts:
    """`plain`, `fim` where the tokenizer has infilling tokens, and `chat` where there is a format.

    A block sees nothing behind it, so the suffix comes first and the span last.
    """
    layouts: Layouts = {}
    if infill is not None:
        layouts["fim"] = (
            *_tokens(begin),
            _slot("context"),
            *_tokens(*infill.before_suffix),
            _slot("suffix"),
            *_tokens(*infill.after_suffix),
            _slot("prefix"),
            *_tokens(*infill.after_prefix),
            _slot("span"),
        )
    if chat is not None:
        layouts["chat"] = (*_answer(chat), _slot("span"))
    layouts["plain"] = (*_tokens(begin), _slot("prefix"), _slot("span"))
    return layouts


def qwen_infill(tokenizer: tokenizers.Tokenizer) -> InfillTokens | None:
    """Qwen2.5-Coder's infilling tokens in the order of `qwen2_layouts`; None where they are missing."""
    ids = [tokenizer.token_to_id(f"<|fim_{name}|>") for name in ("prefix", "suffix", "middle")]
    if None in ids:
        return None
    prefix, suffix, middle = ids
    return InfillTokens(before_suffix=(prefix, suffix), after_suffix=(middle,))


def _answer(chat: ChatFormat) -> Pieces:
    """A conversation up to the code before the span, fenced as chat models write it."""
    return (*chat.opening, Piece(text="```"), _slot("language"), Piece(text="\n"), _slot("prefix"))


def _slot(name: Slot) -> Piece:
    return Piece(slot=name)


def _tokens(*ids: int | None) -> Pieces:
    return tuple(Piece(token=index) for index in ids if index is not None)
