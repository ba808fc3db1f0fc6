"""CoDA: Qwen3 made bidirectional, its next-token shift kept.

Source: SalesforceAIResearch/CoDA `CoDALanguageModel/` (attention without a mask, logits shifted at
inference).
"""

from export.checkpoints.base import Checkpoint
from export.families.base import Denoiser, Family, declares
from export.families.chat import chat_format
from export.families.special_tokens import SpecialTokens
from export.families.standard import qwen3_weights
from export.layouts import bidirectional_layouts
from runtime.manifest import SamplerDefault, Tokens

MASK = "<|mask|>"


def read(checkpoint: Checkpoint) -> Denoiser:
    """Read a checkpoint of this family.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    weights = qwen3_weights(checkpoint, "coda")
    ids = SpecialTokens(checkpoint, weights.config.vocabulary)
    mask = ids.mask(MASK)
    return Denoiser(
        weights=weights,
        kind="bidirectional",
        shift=True,
        tokens=Tokens(eos=ids.ends(), pad=ids.optional("pad"), mask=mask),
        layouts=bidirectional_layouts(None, None, chat_format(checkpoint, ids, None)),
        sampler=SamplerDefault(name="entropy"),
        unanswerable=ids.unanswerable(mask),
    )


FAMILY = Family(
    name="coda",
    checkpoints="CoDA",
    accepts=lambda checkpoint: declares(checkpoint, "CoDA", "CoDALanguageModel"),
    read=read,
)
