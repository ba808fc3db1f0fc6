"""Stable-DiffCoder: Seed-Coder, a Llama, denoising blocks of 4 tokens, without a shift.

Sources: the checkpoints' modeling_stable_diffcoder.py, whose block length and mask are arguments rather than
configuration; ByteDance-Seed/Stable-DiffCoder README (`block_length=4`, `shift=False`); the Seed-Coder
report for its suffix-first infilling format.
"""

from export.checkpoints.base import Checkpoint
from export.families.base import Denoiser, Family, declares
from export.families.chat import instructed
from export.families.fields import Fields
from export.families.special_tokens import SpecialTokens
from export.families.standard import llama_weights
from export.layouts import ChatFormat, InfillTokens, block_causal_layouts
from runtime.manifest import Piece, SamplerDefault, Tokens

MASK = "<[MASK_TOKEN]>"
BLOCK_LENGTH = 4


def read(checkpoint: Checkpoint) -> Denoiser:
    """Read a checkpoint of this family.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    weights = llama_weights(checkpoint, "stable-diffcoder")
    ids = SpecialTokens(checkpoint, weights.config.vocabulary)
    mask = ids.mask(MASK)
    return Denoiser(
        weights=weights,
        kind="block_causal",
        shift=False,
        tokens=Tokens(eos=ids.ends(), pad=ids.optional("pad"), mask=mask),
        layouts=block_causal_layouts(_infill(ids), _chat_format(checkpoint, ids), ids.beginning()),
        sampler=SamplerDefault(name="low-confidence"),
        block_length=Fields(checkpoint.config).count("block_size", default=BLOCK_LENGTH),
        unanswerable=ids.unanswerable(mask),
    )


def _infill(ids: SpecialTokens) -> InfillTokens | None:
    suffix, prefix, middle = (ids.token(f"<[fim-{name}]>") for name in ("suffix", "prefix", "middle"))
    if suffix is None or prefix is None or middle is None:
        return None
    return InfillTokens(before_suffix=(suffix,), after_suffix=(prefix,), after_prefix=(middle,))


def _chat_format(checkpoint: Checkpoint, ids: SpecialTokens) -> ChatFormat | None:
    """Seed-Coder-Instruct's turns, each from a beginning to an end of text."""
    begin, end = ids.beginning(), ids.ends()[0]
    if begin is None or not instructed(checkpoint, "<|im_end|>"):
        return None
    return ChatFormat(
        opening=(
            *(Piece(token=begin), Piece(text="user\n"), Piece(slot="instruction"), Piece(token=end)),
            *(Piece(token=begin), Piece(text="assistant\n")),
        ),
        closing=(Piece(token=end),),
    )


FAMILY = Family(
    name="stable-diffcoder",
    checkpoints="Stable-DiffCoder",
    accepts=lambda checkpoint: declares(checkpoint, "StableDiffcoderForCausalLM"),
    read=read,
)
