"""Fast-dLLM v2: Qwen2.5-Instruct denoising blocks of 32 tokens, its next-token shift kept.

Source: the checkpoints' modeling.py (the `bd_size` of config.json, `mask_id` and `small_block_size` of its
generate). The first slot of a block follows from the last token of the block before it.
"""

from export.checkpoints.base import Checkpoint
from export.families.base import Denoiser, Family, declares
from export.families.chat import chat_format
from export.families.fields import Fields
from export.families.special_tokens import SpecialTokens
from export.families.standard import qwen2_weights
from export.layouts import block_causal_layouts, qwen_infill
from runtime.manifest import SamplerDefault, Tokens

MASK = "|<MASK>|"
SYSTEM = "You are a helpful assistant."
SUB_BLOCK = 8
"""Slots of a block that are settled before the next ones (`small_block_size`)."""


def read(checkpoint: Checkpoint) -> Denoiser:
    """Read a checkpoint of this family.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    weights = qwen2_weights(checkpoint, "fast-dllm-v2")
    ids = SpecialTokens(checkpoint, weights.config.vocabulary)
    mask = ids.mask(MASK)
    return Denoiser(
        weights=weights,
        kind="block_causal",
        shift=True,
        tokens=Tokens(
            eos=ids.ends(),
            pad=ids.optional("pad"),
            mask=mask,
            file_separator=ids.token("<|file_sep|>"),
        ),
        layouts=block_causal_layouts(qwen_infill(checkpoint.tokenizer), chat_format(checkpoint, ids, SYSTEM)),
        sampler=SamplerDefault(name="threshold", settings={"tau": 0.9, "block_slots": SUB_BLOCK}),
        block_length=Fields(checkpoint.config).count("bd_size"),
        unanswerable=ids.unanswerable(mask),
    )


FAMILY = Family(
    name="fast-dllm-v2",
    checkpoints="Fast-dLLM v2",
    accepts=lambda checkpoint: declares(checkpoint, "Fast_dLLM_Qwen", "Fast_dLLM_QwenForCausalLM"),
    read=read,
)
