"""Entry of the `spanfill` command: finds the subcommand, turns errors into one line and a status.

Knows the subcommands by name only. Each is `lsp_server/cli/NAME.py` with a function `command`
or a Typer `app`, and is imported when it is called, so that `spanfill --help` stays quick.
"""

import importlib
import importlib.util
import logging
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from runtime.errors import SpanfillError

SUBCOMMANDS: dict[str, str] = {
    "demo": "Set up the default model if needed and fill a real function, live.",
    "serve": "Run the language server for an editor.",
    "fill": "Fill a place in a file and print the text.",
    "models": "List, pull, describe and remove models.",
    "export": "Convert a checkpoint to a model folder.",
    "verify": "Compare a model folder with its checkpoint, number by number.",
    "eval": "Measure infilling on a set of tasks.",
    "bench": "Measure speed on this machine.",
    "doctor": "Check this installation.",
}


class LazyGroup(TyperGroup):
    """A group that lists its subcommands from a table and imports the one that is called."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, summary in SUBCOMMANDS.items():
            if importlib.util.find_spec(f"lsp_server.cli.{name}") is not None:
                self.commands[name] = _listed(name, summary)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Replace the listed stand-in by the real subcommand."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in SUBCOMMANDS else stand_in, rest


def _listed(name: str, summary: str) -> Any:
    stand_in = typer.Typer(add_completion=False, rich_markup_mode=None)
    stand_in.command(name, help=summary)(lambda: None)
    return typer.main.get_command(stand_in)


def load(name: str) -> Any:
    """The click command of a subcommand, imported now."""
    module = importlib.import_module(f"lsp_server.cli.{name}")
    if hasattr(module, "app"):
        return typer.main.get_command(module.app)
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name, help=module.command.__doc__ or SUBCOMMANDS[name])(module.command)
    return typer.main.get_command(single)


app = typer.Typer(
    name="spanfill",
    cls=LazyGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"spanfill {version('spanfill')}")
        except PackageNotFoundError:
            typer.echo("spanfill (not installed: run from its source)")
        raise typer.Exit


@app.callback()
def spanfill(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Fill code by denoising masked spans, locally."""


def main() -> None:
    """Run the command line and leave with its status: 0, 1 (failed), 2 (bad usage) or 130 (interrupted)."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="spanfill: %(message)s")
    try:
        typer.main.get_command(app)(prog_name="spanfill")
    except SpanfillError as error:
        _leave(str(error), error.exit_status)
    except KeyboardInterrupt:
        _leave("interrupted", 130)
    except Exception as error:
        if os.environ.get("SPANFILL_DEBUG"):
            raise
        what = " ".join(f"{type(error).__name__}: {error}".split())
        _leave(f"unexpected error, please report it ({what}). SPANFILL_DEBUG=1 shows where.", 1)


def _leave(sentence: str, status: int) -> None:
    print(f"spanfill: {sentence}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
