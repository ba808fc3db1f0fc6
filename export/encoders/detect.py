"""Whether a checkpoint is an encoder."""

from export.checkpoints.base import Checkpoint
from export.families import find_family
from runtime.errors import ModelFileError

NAME = "encoder"
"""As `--family` takes it."""

HEAD = "ForMaskedLM"
"""transformers' classes with a masked-language-model head end so."""


def is_encoder(checkpoint: Checkpoint, family: str) -> bool:
    """Whether `family` says so; with `auto`, whether its class has the head and no family knows it."""
    if family != "auto":
        return family == NAME
    architectures = checkpoint.config.get("architectures")
    if not isinstance(architectures, list) or not any(str(name).endswith(HEAD) for name in architectures):
        return False
    try:
        find_family(checkpoint)
    except ModelFileError:
        return True
    return False
