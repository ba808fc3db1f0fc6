"""SDAR: Qwen3 denoising blocks of 4 tokens and more, without a shift.

Source: JetAstra/SDAR `training/model/` (configuration, `block_size`), `generate.py` (sampling). The released
checkpoints of larger blocks have the length in their names (SDAR-8B-Chat-b32); those without have 4.
"""

import re

from export.checkpoints.base import Checkpoint
from export.families.base import Denoiser, Family, declares, published_name
from export.families.chat import chat_format
from export.families.fields import Fields
from export.families.special_tokens import SpecialTokens
from export.families.standard import qwen3_weights
from export.layouts import block_causal_layouts, qwen_infill
from runtime.errors import ModelFileError
from runtime.manifest import SamplerDefault, Tokens

MASKS = ("<|MASK|>", "<MASK>")
BLOCK_LENGTH = 4
NAMED_LENGTH = re.compile(r"-b(\d+)(?:-|$)")


def read(checkpoint: Checkpoint) -> Denoiser:
    """Read a checkpoint of this family.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    weights = qwen3_weights(checkpoint, "sdar")
    ids = SpecialTokens(checkpoint, weights.config.vocabulary)
    mask = ids.mask(*MASKS)
    return Denoiser(
        weights=weights,
        kind="block_causal",
        shift=False,
        tokens=Tokens(
            eos=ids.ends(),
            pad=ids.optional("pad"),
            mask=mask,
            file_separator=ids.token("<|file_sep|>"),
        ),
        layouts=block_causal_layouts(qwen_infill(checkpoint.tokenizer), chat_format(checkpoint, ids, None)),
        sampler=SamplerDefault(name="threshold", settings={"tau": 0.85}),
        block_length=block_length(checkpoint),
        unanswerable=ids.unanswerable(mask),
    )


def block_length(checkpoint: Checkpoint) -> int:
    """From `block_size`, or the published name, or the release's own default.

    Raises:
        ModelFileError: the field and the name differ.
    """
    named = NAMED_LENGTH.search(published_name(checkpoint))
    length = int(named[1]) if named else BLOCK_LENGTH
    declared = Fields(checkpoint.config).count("block_size", default=length)
    if named and declared != length:
        raise ModelFileError(
            f"config.json has {declared} as `block_size`, but the checkpoint is called "
            f"{published_name(checkpoint)}: correct whichever is wrong."
        )
    return declared


FAMILY = Family(
    name="sdar",
    checkpoints="SDAR",
    accepts=lambda checkpoint: declares(checkpoint, "sdar", "SDARForCausalLM"),
    read=read,
)
