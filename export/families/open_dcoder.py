"""Open-dCoder: Qwen2.5-Coder made bidirectional, its next-token shift kept.

Its config.json is a plain Qwen2's: only the added mask token tells them apart. Source: pengzhangzhi/Open-dLLM
`tasks/train_torch.py` (the mask), `eval/eval_infill/eval_infill.py` (no framing),
`veomni/models/transformers/qwen2/generation_utils.py` (the shift; P2 is its default for infilling).
"""

from export.checkpoints.base import Checkpoint
from export.families.base import Denoiser, Family, declares
from export.families.chat import chat_format
from export.families.special_tokens import SpecialTokens
from export.families.standard import qwen2_weights
from export.layouts import bidirectional_layouts
from runtime.manifest import SamplerDefault, Tokens

MASK = "<M>"
SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."


def read(checkpoint: Checkpoint) -> Denoiser:
    """Read a checkpoint of this family.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    weights = qwen2_weights(checkpoint, "open-dcoder")
    ids = SpecialTokens(checkpoint, weights.config.vocabulary)
    mask = ids.mask(MASK)
    return Denoiser(
        weights=weights,
        kind="bidirectional",
        shift=True,
        tokens=Tokens(eos=ids.ends(), pad=ids.optional("pad"), mask=mask),
        layouts=bidirectional_layouts(None, None, chat_format(checkpoint, ids, SYSTEM)),
        sampler=SamplerDefault(name="p2"),
        unanswerable=ids.unanswerable(mask),
    )


def _accepts(checkpoint: Checkpoint) -> bool:
    masked = (
        checkpoint.special.get("mask_token") is not None or checkpoint.config.get("mask_token_id") is not None
    )
    return masked and declares(checkpoint, "qwen2", "Qwen2ForCausalLM")


FAMILY = Family(name="open-dcoder", checkpoints="Open-dCoder", accepts=_accepts, read=read)
