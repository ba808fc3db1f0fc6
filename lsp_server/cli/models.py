"""`spanfill models list | pull | info | remove`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from export import catalogue
from runtime import store
from runtime.errors import ManifestError, ModelError, UsageError
from runtime.manifest import load_manifest

app = typer.Typer(
    name="models",
    help="List, pull, describe and remove models.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout.")]
Name = Annotated[str, typer.Argument(help="`default`, or a name that `spanfill models list` shows.")]


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the models that are installed or can be pulled."""
    rows = [_row(name, folder) for name, folder in store.installed().items()]
    names = {row["name"] for row in rows}
    rows += [_catalogue_row(entry) for entry in catalogue.CATALOGUE if entry.name not in names]
    rows.sort(key=lambda row: (not row["default"], row["name"]))
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
    else:
        _print_table(rows)


def _row(name: str, folder: Path) -> dict[str, Any]:
    """An installed model; one whose manifest can't be read is listed with its problem."""
    row = {"name": name, "kind": None, "installed": True, "bytes": 0, "licence": None, "source": None}
    row |= {
        "quantization": None,
        "default": name == store.DEFAULT_MODEL,
        "path": str(folder),
        "problem": None,
    }
    try:
        manifest = load_manifest(folder)
    except ManifestError as error:
        return row | {"problem": str(error)}
    return row | {
        "kind": manifest.kind,
        "bytes": manifest.bytes,
        "licence": manifest.licence,
        "source": manifest.source.repository,
        "quantization": manifest.quantization,
    }


def _catalogue_row(entry: catalogue.Entry) -> dict[str, Any]:
    """A model that can be pulled; its bytes are those of the download."""
    return {
        "name": entry.name,
        "kind": entry.kind,
        "installed": False,
        "bytes": entry.checkpoint.bytes,
        "licence": entry.licence,
        "source": entry.checkpoint.repository,
        "quantization": catalogue.DEFAULT_QUANTIZATION,
        "default": entry.name == store.DEFAULT_MODEL,
        "path": None,
        "problem": None,
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "kind", "weights", "size", "licence", "state", box=None, pad_edge=False)
    for row in rows:
        state = "installed" if row["installed"] else "can be pulled"
        table.add_row(
            row["name"] + (" (default)" if row["default"] else ""),
            row["kind"] or "?",
            row["quantization"] or "?",
            f"{row['bytes'] / 1e6:,.0f} MB",
            row["licence"] or "?",
            "damaged" if row["problem"] else state,
        )
    Console().print(table)


@app.command()
def pull(
    name: Name = store.DEFAULT_ALIAS,
    local: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Use this checkpoint file; fetch nothing.")
    ] = None,
    quantize: Annotated[
        str | None, typer.Option(help=f"Weights: {', '.join(catalogue.QUANTIZATIONS)}.", show_default="int8")
    ] = None,
    vocabulary: Annotated[
        str | None, typer.Option(help="Tokens the model can answer with: ascii or full.")
    ] = None,
) -> None:
    """Fetch a model's checkpoint and convert it to a model folder."""
    if vocabulary not in (None, "ascii", "full"):
        raise UsageError(f"There is no vocabulary {vocabulary!r}. Choose one of: ascii, full.")
    from export.pull import pull as install
    from lsp_server.cli.progress import StageBar

    with StageBar() as bar:
        folder = install(name, local=local, quantization=quantize, vocabulary=vocabulary, progress=bar)
    print(f"{folder.name} is ready in {folder}", file=sys.stderr)


@app.command()
def info(name: Name = store.DEFAULT_ALIAS, as_json: Json = False) -> None:
    """Describe one model."""
    facts = _facts(name)
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
        return
    for key, value in facts.items():
        if value is not None:
            typer.echo(f"{key:<16} {value if isinstance(value, str | int) else json.dumps(value)}")


def _facts(name: str) -> dict[str, Any]:
    try:
        folder = store.resolve(name)
    except ModelError:
        try:
            entry, quantization = catalogue.find(name)
        except UsageError:
            raise ModelError(
                f"There is no model {name!r}. `spanfill models list` shows what there is."
            ) from None
        return _catalogue_row(entry) | {
            "name": entry.folder_name(quantization),
            "quantization": quantization,
            "revision": entry.checkpoint.revision,
            "file": entry.checkpoint.file,
            "sha256": entry.checkpoint.sha256,
        }
    manifest = load_manifest(folder)
    return _row(folder.name, folder) | {
        "family": manifest.family,
        "attention": manifest.attention,
        "context_length": manifest.context_length,
        "vocabulary": manifest.graph.vocabulary,
        "vocabulary_size": manifest.graph.vocabulary_size,
        "adapter": manifest.graph.adapter,
        "sampler": manifest.sampler.name,
        "layouts": sorted(manifest.layouts),
        "revision": manifest.source.revision,
        "file": manifest.source.file,
        "sha256": manifest.source.sha256,
        "parity": manifest.parity,
        "files": {file: record.bytes for file, record in manifest.files.items()},
    }


@app.command()
def remove(name: Name) -> None:
    """Delete an installed model, and its download once no installed model needs it."""
    canonical = store.canonical(name)
    is_installed = canonical in store.installed()
    gone = store.remove(canonical) if is_installed else _leftover_download(canonical)
    if not gone:
        raise ModelError(f"The model {canonical!r} is not installed. `spanfill models list` shows what is.")
    for path in gone:
        print(f"Removed {path}", file=sys.stderr)


def _leftover_download(name: str) -> list[Path]:
    try:
        entry, _ = catalogue.find(name)
    except UsageError:
        return []
    return store.drop_download(entry.checkpoint.file)
