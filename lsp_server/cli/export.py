"""`spanfill export`: converts a checkpoint to a model folder."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from export import catalogue
from runtime.errors import UsageError

if TYPE_CHECKING:
    from runtime.manifest import Manifest

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMG]?)B?", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}
LEAST_SHARD = 10**6


def command(
    checkpoint: Annotated[
        str, typer.Argument(help="A folder, a GGUF file, or a repository on the hub: OWNER/NAME[@REVISION].")
    ],
    out: Annotated[
        str, typer.Argument(help="The model folder to write; a bare name goes to the installed models.")
    ],
    family: Annotated[
        str, typer.Option(help="How to read the checkpoint, where its config.json doesn't tell.")
    ] = "auto",
    quantize: Annotated[
        str, typer.Option(help=f"Weights: {', '.join(catalogue.QUANTIZATIONS)}.")
    ] = catalogue.DEFAULT_QUANTIZATION,
    vocabulary: Annotated[
        str | None,
        typer.Option(
            help="Tokens the model can answer with: ascii or full.", show_default="by the quantisation"
        ),
    ] = None,
    adapter: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Low-rank adapter of a causal model's span tokens.")
    ] = None,
    shard_size: Annotated[
        str | None,
        typer.Option("--shard-size", metavar="SIZE", help="Most bytes of one file of weights, e.g. 2GB."),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(help="Licence of the weights, an SPDX name.", show_default="what the checkpoint says"),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit of a repository on the hub.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Convert a checkpoint to a model folder.

    The checkpoint is read as data: no code of it is run. The folder appears whole or not at all.
    """
    if quantize not in catalogue.QUANTIZATIONS:
        raise UsageError(f"No quantisation {quantize!r}; choose one of {', '.join(catalogue.QUANTIZATIONS)}.")
    shard_bytes = None if shard_size is None else parse_size(shard_size)
    folder = model_folder(out)
    from export.checkpoints.open import open_checkpoint
    from export.models import check_family, convert_model
    from export.staging import check_vacant
    from lsp_server.cli.progress import StageBar

    check_family(family)
    check_vacant(folder)
    with StageBar() as bar:
        manifest = convert_model(
            open_checkpoint(checkpoint, revision=revision, progress=bar),
            folder,
            name=folder.name,
            family=family,
            quantization=quantize,
            vocabulary=vocabulary,
            adapter=adapter,
            shard_bytes=shard_bytes,
            licence=licence,
            progress=bar,
        )
    if as_json:
        typer.echo(json.dumps(_report(manifest, folder), indent=2))
    else:
        typer.echo(f"{folder}: {describe(manifest)}")


def model_folder(out: str) -> Path:
    """Where a model is: a path as it stands, a bare name among the installed models."""
    from runtime import store

    path = Path(out).expanduser()
    return path if path.name != out or path.exists() else store.models_folder() / out


def parse_size(text: str) -> int:
    """Bytes of `500MB`, `2GB` and the like, in powers of ten.

    Raises:
        UsageError: no such size, or one too small to be meant.
    """
    found = _SIZE.fullmatch(text.strip())
    size = int(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
    if size < LEAST_SHARD:
        raise UsageError(f"--shard-size {text!r} is no size of at least 1MB; write for instance 2GB.")
    return size


def describe(manifest: "Manifest") -> str:
    """One line for people."""
    shift = ", shifted" if manifest.shift else ""
    block = f" of {manifest.block_length}" if manifest.block_length else ""
    return (
        f"{manifest.family}, {manifest.attention.replace('_', '-')}{block}{shift}, "
        f"{manifest.quantization} weights, {manifest.bytes / 1e6:,.1f} MB, licence {manifest.licence}"
    )


def _report(manifest: "Manifest", folder: Path) -> dict[str, object]:
    """What `--json` prints (docs/cli.md)."""
    return {
        "path": str(folder),
        "name": manifest.name,
        "family": manifest.family,
        "kind": manifest.kind,
        "attention": manifest.attention,
        "shift": manifest.shift,
        "block_length": manifest.block_length,
        "quantization": manifest.quantization,
        "bytes": manifest.bytes,
        "licence": manifest.licence,
        "sampler": manifest.sampler.name,
        "source": manifest.source.repository,
        "sha256": manifest.source.sha256,
    }
