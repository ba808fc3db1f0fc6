"""`spanfill bench`: measures this machine, on real code; a table for people, JSON for programs."""

import json
import os
import platform
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lsp_server.cli.machine import processor, processor_features
from runtime.errors import UsageError

if TYPE_CHECKING:
    from lsp_server.cli.bench_case import Case

PARTS = ("engine", "server")


def command(
    model: Annotated[
        str | None, typer.Option(help="Model by name or folder.", show_default="default")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="Threads of the CPU.", show_default="all cores")] = None,
    repeat: Annotated[int, typer.Option(help="Runs that each median is taken of, at least.")] = 5,
    only: Annotated[
        str | None, typer.Option(help="engine or server: measure that alone.", show_default="both")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Measure speed and memory on this machine; a few minutes.

    `engine` is the model alone; `server` is every kind of request at the real language server.
    """
    if repeat < 1 or (threads is not None and threads < 1):
        raise UsageError("--repeat and --threads must be at least 1.")
    if only is not None and only not in PARTS:
        raise UsageError(f"--only takes {' or '.join(PARTS)}, not {only!r}.")
    from lsp_server.cli.stdout_guard import stdout_is_stderr

    with stdout_is_stderr():
        machine = describe_machine(model, device, threads)
        cases = list(_cases(model, device, threads, repeat, only))
    if as_json:
        typer.echo(json.dumps({"machine": machine, "cases": [case.row() for case in cases]}, indent=2))
    else:
        _print_table(machine, cases)


def _cases(
    model: str | None, device: str, threads: int | None, repeat: int, only: str | None
) -> "Iterator[Case]":
    if only != "server":
        from lsp_server.cli.bench_engine import engine_cases
        from runtime import FillEngine

        engine = FillEngine.open(model, device=device, threads=threads, calibrate=False)
        yield from engine_cases(engine, repeat, _tell)
        del engine  # the server loads a model of its own
    if only != "engine":
        from lsp_server.cli.bench_server import server_cases

        yield from server_cases(model, device, threads, repeat, _tell)


def _tell(what: str) -> None:
    print(f"Measuring {what}", file=sys.stderr, flush=True)


def describe_machine(model: str | None, device: str, threads: int | None) -> dict[str, Any]:
    """What the figures depend on."""
    import psutil

    from runtime.manifest import load_manifest
    from runtime.providers import choose_device, installed_wheel
    from runtime.store import resolve

    manifest = load_manifest(resolve(model))
    wheel, version = installed_wheel()
    return {
        "cpu": processor(),
        "features": list(processor_features() or ()),
        "cores": os.cpu_count(),
        "threads": threads or "auto",
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        wheel: version,
        "device": choose_device(device),
        "model": manifest.name,
        "quantization": manifest.quantization,
    }


def _print_table(machine: dict[str, Any], cases: "list[Case]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("measured")
    for name in ("median", "p95", "p99"):
        table.add_column(name, justify="right")
    table.add_column("unit")
    table.add_column("runs", justify="right")
    for case in cases:
        row = case.row()
        spread = [_number(row[name]) if name in row else "" for name in ("p95", "p99")]
        table.add_row(Text(case.name), _number(case.ours), *spread, case.unit, str(row.get("n", "")))
    console = Console()
    shown = {key: " ".join(value) if isinstance(value, list) else value for key, value in machine.items()}
    console.print(Text(", ".join(f"{key} {value}" for key, value in shown.items()), style="dim"))
    console.print(table)


def _number(value: float) -> str:
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f}"
