"""DreamOn: Dream-Coder that learnt its own length. Two more answers, expand and delete.

Source: DreamLM/DreamOn `eval/generator.py`. An expansion turns one mask into two, a deletion drops one.
Delete is the end of text unless the generation configuration or the tokenizer gives it an id of its own.
"""

from dataclasses import replace

from export.checkpoints.base import Checkpoint
from export.families import dream
from export.families.base import Denoiser, Family
from export.families.special_tokens import SpecialTokens
from runtime.errors import ModelFileError
from runtime.manifest import SamplerDefault

EXPAND, DELETE = "<|expand|>", "<|delete|>"


def read(checkpoint: Checkpoint) -> Denoiser:
    """Read a checkpoint of this family.

    Raises:
        ModelFileError: a field, token or tensor is missing or contradictory.
    """
    denoiser = dream.read(checkpoint, "dreamon")
    ids = SpecialTokens(checkpoint, denoiser.weights.config.vocabulary)
    expand = ids.optional("expand", EXPAND)
    if expand is None:
        raise ModelFileError(
            f"The checkpoint has no `expand_token_id` in its configuration and no token {EXPAND}: "
            "it is no DreamOn. Is it of the family dream?"
        )
    delete = ids.optional("delete", DELETE)
    delete = denoiser.tokens.eos[0] if delete is None else delete
    return replace(
        denoiser,
        tokens=replace(denoiser.tokens, expand=expand, delete=delete),
        sampler=SamplerDefault(name="entropy"),
        unanswerable=denoiser.unanswerable - {expand, delete},
    )


def _accepts(checkpoint: Checkpoint) -> bool:
    if not dream.FAMILY.accepts(checkpoint):
        return False
    named = any(
        fields.get("expand_token_id") is not None for fields in (checkpoint.config, checkpoint.special)
    )
    return named or checkpoint.tokenizer.token_to_id(EXPAND) is not None


FAMILY = Family(name="dreamon", checkpoints="DreamOn", accepts=_accepts, read=read)
