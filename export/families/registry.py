"""Families by name, and the one a checkpoint belongs to."""

from collections.abc import Iterator

from export.checkpoints.base import Checkpoint
from export.families import (
    a2d,
    coda,
    dream,
    dreamon,
    fast_dllm_v2,
    llada,
    open_dcoder,
    qwen2,
    sdar,
    stable_diffcoder,
)
from export.families.base import Denoiser, Family
from runtime.errors import ModelFileError, UsageError

AUTO = "auto"

FAMILIES: tuple[Family, ...] = (
    dreamon.FAMILY,
    dream.FAMILY,
    open_dcoder.FAMILY,
    *a2d.FAMILIES,
    fast_dllm_v2.FAMILY,
    sdar.FAMILY,
    coda.FAMILY,
    llada.FAMILY,
    stable_diffcoder.FAMILY,
    qwen2.FAMILY,
)
"""The first that accepts a checkpoint has it, so the more particular come first."""


def find_family(checkpoint: Checkpoint, name: str = AUTO) -> Family:
    """The family called `name`, or the one whose checkpoints look like this one.

    Raises:
        UsageError: no family has that name.
        ModelFileError: `auto`, and the architecture is of none of them.
    """
    if name != AUTO:
        for family in FAMILIES:
            if family.name == name:
                return family
        raise UsageError(f"No family {name!r}; choose one of {AUTO}, {', '.join(family_names())}.")
    for family in FAMILIES:
        if family.accepts(checkpoint):
            return family
    architecture = checkpoint.config.get("architectures") or checkpoint.config.get("model_type")
    supported = "; ".join(f"{family.name} ({family.checkpoints})" for family in FAMILIES)
    raise ModelFileError(
        f"The architecture {_shown(architecture)} is not supported. Supported families: {supported}."
    )


def read_denoiser(checkpoint: Checkpoint, name: str = AUTO) -> Denoiser:
    """What the family called `name`, or the one that accepts it, makes of a checkpoint.

    Raises:
        UsageError: no family has that name.
        ModelFileError: it is of no supported family, or something is missing or contradictory.
    """
    denoiser = find_family(checkpoint, name).read(checkpoint)
    family = denoiser.weights.config.family
    # GGUF files say these two of themselves; config.json never does.
    for field, ours in (("shift_logits", denoiser.shift), ("is_causal", denoiser.kind == "hybrid")):
        declared = checkpoint.config.get(field)
        if declared is not None and declared != ours:
            raise ModelFileError(
                f"The checkpoint has {declared!r} as `{field}`, but models of the family {family} have "
                f"{ours!r}. Is it of another family? Name it with --family."
            )
    return denoiser


def family_names() -> Iterator[str]:
    """Every name that `find_family` knows, but `auto`."""
    return (family.name for family in FAMILIES)


def _shown(architecture: object) -> str:
    if isinstance(architecture, list):
        return ", ".join(map(str, architecture))
    return str(architecture) if architecture else "(config.json names none)"
