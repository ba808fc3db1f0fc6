"""Tiny-A2D: Qwen2.5 and Qwen3 turned into masked (MDLM) and block (BD3LM) diffusion, without a shift.

Source: ZHZisZZ/dllm `pipelines/a2d/` (models), `utils/models.py` (the mask), `core/samplers/bd3lm.py`
(blocks), `examples/a2d/` (settings). Neither config.json nor the tensors say which of the two objectives
a checkpoint was trained with; the published names do.
"""

from collections.abc import Callable
from functools import partial

from export.checkpoints.base import Checkpoint
from export.families.base import Denoiser, Family, declares, published_name
from export.families.chat import chat_format
from export.families.fields import Fields
from export.families.special_tokens import SpecialTokens
from export.families.standard import qwen2_weights, qwen3_weights
from export.families.tensors import CheckpointWeights
from export.layouts import ChatFormat, bidirectional_layouts, block_causal_layouts, qwen_infill
from runtime.errors import ModelFileError
from runtime.manifest import SamplerDefault, Tokens

MASK = "<|mask|>"
BLOCK_LENGTH = 32
"""Of the published BD3LM checkpoints, whose config.json doesn't say."""

QWEN2_SYSTEM = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
ReadWeights = Callable[[Checkpoint, str], CheckpointWeights]


def read_mdlm(base: str, read_weights: ReadWeights, checkpoint: Checkpoint) -> Denoiser:
    """Read a checkpoint trained with masked diffusion over the whole text.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    weights = read_weights(checkpoint, f"a2d-{base}-mdlm")
    ids = SpecialTokens(checkpoint, weights.config.vocabulary)
    mask = ids.mask(MASK)
    return Denoiser(
        weights=weights,
        kind="bidirectional",
        shift=False,
        tokens=Tokens(
            eos=ids.ends(),
            pad=ids.optional("pad"),
            mask=mask,
            # None of the published ones; the test model of `export/training` has learnt its length.
            expand=ids.optional("expand"),
            delete=ids.optional("delete"),
        ),
        layouts=bidirectional_layouts(None, None, _chat(base, checkpoint, ids)),
        sampler=SamplerDefault(name="low-confidence"),
        unanswerable=ids.unanswerable(mask),
    )


def read_bd3lm(base: str, read_weights: ReadWeights, checkpoint: Checkpoint) -> Denoiser:
    """Read a checkpoint trained with diffusion block by block.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    weights = read_weights(checkpoint, f"a2d-{base}-bd3lm")
    ids = SpecialTokens(checkpoint, weights.config.vocabulary)
    mask = ids.mask(MASK)
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
        layouts=block_causal_layouts(qwen_infill(checkpoint.tokenizer), _chat(base, checkpoint, ids)),
        sampler=SamplerDefault(name="low-confidence"),
        block_length=Fields(checkpoint.config).count("block_size", default=BLOCK_LENGTH),
        unanswerable=ids.unanswerable(mask),
    )


def _chat(base: str, checkpoint: Checkpoint, ids: SpecialTokens) -> ChatFormat | None:
    if base == "qwen3":
        return chat_format(checkpoint, ids, None, thinks=True)
    return chat_format(checkpoint, ids, QWEN2_SYSTEM)


def _is(model_type: str, architecture: str, objective: str) -> Callable[[Checkpoint], bool]:
    """Whether a checkpoint has this base, and its published name or block size gives the objective away."""

    def accepts(checkpoint: Checkpoint) -> bool:
        if not declares(checkpoint, model_type, architecture):
            return False
        blocks = "bd3lm" in published_name(checkpoint) or checkpoint.config.get("block_size") is not None
        if not blocks and "mdlm" not in published_name(checkpoint):
            raise ModelFileError(
                f"Nothing in this {model_type} checkpoint says whether it was trained with MDLM or BD3LM; "
                f"name it with --family {model_type}-mdlm or --family {model_type}-bd3lm."
            )
        return blocks == (objective == "bd3lm")

    return accepts


def _families(base: str, architecture: str, read_weights: ReadWeights) -> tuple[Family, Family]:
    model_type = f"a2d-{base}"
    return (
        Family(
            name=f"{model_type}-mdlm",
            checkpoints=f"Tiny-A2D MDLM on {base.capitalize()}",
            accepts=_is(model_type, architecture, "mdlm"),
            read=partial(read_mdlm, base, read_weights),
        ),
        Family(
            name=f"{model_type}-bd3lm",
            checkpoints=f"Tiny-A2D BD3LM on {base.capitalize()}",
            accepts=_is(model_type, architecture, "bd3lm"),
            read=partial(read_bd3lm, base, read_weights),
        ),
    )


FAMILIES = (
    *_families("qwen2", "A2DQwen2LMHeadModel", qwen2_weights),
    *_families("qwen3", "A2DQwen3LMHeadModel", qwen3_weights),
)
