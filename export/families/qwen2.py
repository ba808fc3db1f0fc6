"""Qwen2.5-Coder as it is published: causal, the base of the hybrid models."""

from export.checkpoints.base import Checkpoint
from export.families.base import Denoiser, Family, declares
from export.families.special_tokens import SpecialTokens
from export.families.standard import qwen2_weights
from export.layouts import qwen2_layouts
from export.vocabulary import special_ids
from runtime.manifest import SamplerDefault, Tokens


def read(checkpoint: Checkpoint) -> Denoiser:
    """Read a checkpoint of this family.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    weights = qwen2_weights(checkpoint, "qwen2")
    ids = SpecialTokens(checkpoint, weights.config.vocabulary)
    return Denoiser(
        weights=weights,
        kind="hybrid",
        shift=True,
        tokens=Tokens(
            # The text is over wherever the model writes anything that is no text.
            eos=tuple(special_ids(checkpoint.tokenizer)),
            pad=ids.token("<|endoftext|>"),
            file_separator=ids.token("<|file_sep|>"),
        ),
        layouts=qwen2_layouts(checkpoint.tokenizer),
        sampler=SamplerDefault(name="self-verify"),
    )


FAMILY = Family(
    name="qwen2",
    checkpoints="Qwen2.5-Coder",
    accepts=lambda checkpoint: declares(checkpoint, "qwen2", "Qwen2ForCausalLM"),
    read=read,
)
