"""Dream, Dream-Coder and DiffuCoder: Qwen2.5 made bidirectional, its next-token shift kept.

Sources: the checkpoints' modeling_dream.py; framing from DreamLM/DreamOn `eval/generator.py`, which
evaluates all of them with a beginning before the prefix and an end behind the suffix.
"""

from dataclasses import replace

from export.checkpoints.base import Checkpoint
from export.families.base import Denoiser, Family, declares, published_name
from export.families.chat import chat_format
from export.families.special_tokens import SpecialTokens
from export.families.standard import qwen2_weights
from export.layouts import bidirectional_layouts
from runtime.manifest import SamplerDefault, Tokens

MASK = "<|mask|>"
TRAINED_TOKENS = 2048
"""Context of Dream and DreamOn by their READMEs; config.json still has the 131,072 of Qwen2.5."""

NAMES_OF_THAT_CONTEXT = ("dream-v0", "dreamon")
SYSTEM = "You are a helpful assistant."


def read(checkpoint: Checkpoint, family: str = "dream") -> Denoiser:
    """Read a checkpoint of this family, or of one that extends it.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    weights = qwen2_weights(checkpoint, family)
    if published_name(checkpoint).startswith(NAMES_OF_THAT_CONTEXT):
        context = min(weights.config.context_length, TRAINED_TOKENS)
        weights.config = replace(weights.config, context_length=context)
    ids = SpecialTokens(checkpoint, weights.config.vocabulary)
    mask, ends = ids.mask(MASK), ids.ends()
    return Denoiser(
        weights=weights,
        kind="bidirectional",
        shift=True,
        tokens=Tokens(eos=ends, pad=ids.optional("pad"), mask=mask),
        layouts=bidirectional_layouts(ids.beginning(), ends[0], chat_format(checkpoint, ids, SYSTEM)),
        sampler=SamplerDefault(name="threshold", settings={"tau": 0.9}),
        unanswerable=ids.unanswerable(mask),
    )


FAMILY = Family(
    name="dream",
    checkpoints="Dream, Dream-Coder, DiffuCoder",
    accepts=lambda checkpoint: declares(checkpoint, "Dream", "DreamModel"),
    read=read,
)
