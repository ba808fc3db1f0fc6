"""Any checkpoint, to a model folder and to a reference: decoders by our own families, encoders by optimum."""

import functools
from pathlib import Path

from export.checkpoints.base import Checkpoint
from export.convert import convert_checkpoint
from export.decoder import Progress
from export.encoders import convert_encoder, encoder_reference, is_encoder
from export.encoders.detect import NAME
from export.families.registry import AUTO, family_names
from export.verification.reference import DecoderReference, Reference
from runtime.errors import UsageError
from runtime.manifest import Manifest


def check_family(name: str) -> None:
    """Refuse a name that no family has, before anything is read.

    Raises:
        UsageError: no such family.
    """
    names = (AUTO, *family_names(), NAME)
    if name not in names:
        raise UsageError(f"No family {name!r}; choose one of {', '.join(names)}.")


def convert_model(
    checkpoint: Checkpoint,
    out: Path,
    *,
    name: str,
    family: str = "auto",
    quantization: str,
    vocabulary: str | None = None,
    adapter: Path | None = None,
    shard_bytes: int | None = None,
    licence: str | None = None,
    progress: Progress,
) -> Manifest:
    """Convert a checkpoint of any kind; the arguments and errors are those of `convert_checkpoint`."""
    convert = (
        convert_encoder
        if is_encoder(checkpoint, family)
        else functools.partial(convert_checkpoint, family=family)
    )
    return convert(
        checkpoint,
        out,
        name=name,
        quantization=quantization,
        vocabulary=vocabulary,
        adapter=adapter,
        shard_bytes=shard_bytes,
        licence=licence,
        progress=progress,
    )


def reference_of(checkpoint: Checkpoint, manifest: Manifest) -> Reference:
    """The checkpoint in float32 PyTorch, to compare a model folder with.

    Raises:
        RuntimeSetupError: torch is missing.
        ModelFileError: the checkpoint can't be read.
    """
    if manifest.cache is None:
        return encoder_reference(checkpoint)
    return DecoderReference(checkpoint, manifest)
