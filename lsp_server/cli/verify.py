"""`spanfill verify`: compares a model folder with the checkpoint it was made from."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import InputError, UsageError

if TYPE_CHECKING:
    from export.verification import Report


EXAMPLES = ("inventory.py", "intervals.py", "numerals.py")


def command(
    out: Annotated[str, typer.Argument(help="A model folder, or the name of an installed model.")],
    against: Annotated[
        str,
        typer.Option(help="The checkpoint: a folder, a GGUF file, or a repository on the hub."),
    ],
    text: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Compare on this text; may be given again.", show_default="examples"
        ),
    ] = None,
    tokens: Annotated[int, typer.Option(help="How many answers to compare.")] = 512,
    seed: Annotated[int, typer.Option(help="Of the places that are masked.")] = 0,
    revision: Annotated[
        str | None, typer.Option(help="Branch, tag or commit of a repository on the hub.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Compare a model folder with its checkpoint, number by number.

    Both answer for the same places of the same text; the checkpoint runs in float32 PyTorch. The
    figures are also written into the folder's manifest. Fails where a graph that isn't quantised
    computes something else.
    """
    if tokens < 1:
        raise UsageError("--tokens must be at least 1.")
    from export.checkpoints.open import open_checkpoint
    from export.models import reference_of
    from export.verification import verify
    from lsp_server.cli.progress import StageBar
    from runtime.store import resolve

    folder = resolve(out)
    texts = [_read(path) for path in text] if text else example_texts()
    with StageBar() as bar:
        checkpoint = open_checkpoint(against, revision=revision, progress=bar)
        report = verify(
            folder,
            lambda manifest: reference_of(checkpoint, manifest),
            checkpoint.source.sha256,
            texts,
            tokens=tokens,
            seed=seed,
            progress=bar,
        )
    if as_json:
        typer.echo(json.dumps({"path": str(folder), "against": against} | report.as_dict(), indent=2))
    else:
        _print(report)
    if not report.same_checkpoint:
        print("spanfill: these are not the weights that the folder was made from", file=sys.stderr)
    if not report.ok:
        raise typer.Exit(1)


def example_texts() -> list[str]:
    """The sources that come with spanfill: a fixed text to compare on."""
    from lsp_server.cli.examples import example

    return [example(name) for name in EXAMPLES]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} can't be read as UTF-8 text ({error}).") from None


def _verdict(report: "Report") -> str:
    if not report.ok:
        return "DIFFERENT: the graph computes something else"
    return "the same" if report.quantization in ("none", "fp16") else "near, as quantised weights are"


def _print(report: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("answers compared", f"{report.tokens:,}")
    table.add_row("largest error of a logit", f"{report.max_error:.2e}")
    table.add_row("mean error of a logit", f"{report.mean_error:.2e}")
    table.add_row("top-1 agreement", f"{report.top1_agreement:.2%}")
    table.add_row("perplexity", f"{report.perplexity:.4f}")
    table.add_row("perplexity of the checkpoint", f"{report.reference_perplexity:.4f}")
    table.add_row("weights", report.quantization)
    table.add_row("verdict", _verdict(report))
    Console().print(table)
