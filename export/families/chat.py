"""Conversation formats of instruction-tuned checkpoints, as pieces of a prompt.

Templates come with checkpoints as programs in a template language. They are not run: the few formats
that the supported families use are written down here.
"""

from export.checkpoints.base import Checkpoint
from export.families.base import published_name
from export.families.special_tokens import SpecialTokens
from export.layouts import ChatFormat
from runtime.manifest import Piece

INSTRUCTED_NAMES = ("instruct", "chat", "grpo")
"""Parts of published names that say so where the tokenizer's end token doesn't."""


def instructed(checkpoint: Checkpoint, turn_end: str) -> bool:
    """Whether the checkpoint was trained to converse: it ends its texts like a turn, or is called so."""
    index = checkpoint.tokenizer.token_to_id(turn_end)
    ends = checkpoint.special.get("eos_token_id")
    declared = checkpoint.special.get("eos_token") == turn_end
    generated = index is not None and index in (ends if isinstance(ends, list) else [ends])
    return declared or generated or any(part in published_name(checkpoint) for part in INSTRUCTED_NAMES)


def chat_format(
    checkpoint: Checkpoint, ids: SpecialTokens, system: str | None, *, thinks: bool = False
) -> ChatFormat | None:
    """ChatML, as Qwen2.5, Qwen3 and their descendants speak it; None for a base model.

    Args:
        checkpoint: the checkpoint.
        ids: its special tokens.
        system: the system turn's text; None for no such turn.
        thinks: whether the answer begins with an empty thought, Qwen3's way to answer at once.
    """
    start, end = ids.token("<|im_start|>"), ids.token("<|im_end|>")
    if start is None or end is None or not instructed(checkpoint, "<|im_end|>"):
        return None
    opening: list[Piece] = []
    if system is not None:
        opening += [Piece(token=start), Piece(text=f"system\n{system}"), Piece(token=end), Piece(text="\n")]
    opening += [
        *(Piece(token=start), Piece(text="user\n"), Piece(slot="instruction"), Piece(token=end)),
        *(Piece(text="\n"), Piece(token=start), Piece(text="assistant\n")),
    ]
    thought = ids.token("<think>"), ids.token("</think>")
    if thinks and None not in thought:
        before, after = thought
        opening += [Piece(token=before), Piece(text="\n\n"), Piece(token=after), Piece(text="\n\n")]
    return ChatFormat(opening=tuple(opening), closing=(Piece(token=end),))
