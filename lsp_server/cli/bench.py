"""`spanfill bench`: measures this machine, on real code; a table for people, JSON for programs."""

import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.errors import UsageError

if TYPE_CHECKING:
    from lsp_server.cli.bench_engine import Case
    from runtime import FillEngine


def command(
    model: Annotated[
        str | None, typer.Option(help="Model by name or folder.", show_default="default")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="Threads of the CPU.", show_default="all cores")] = None,
    repeat: Annotated[int, typer.Option(help="Runs that each median is taken of, at least.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Measure speed and memory on this machine; about a minute."""
    if repeat < 1 or (threads is not None and threads < 1):
        raise UsageError("--repeat and --threads must be at least 1.")
    from lsp_server.cli.bench_engine import Case, engine_cases
    from lsp_server.cli.bench_server import initialize_ms
    from runtime import FillEngine

    engine = FillEngine.open(model, device=device, threads=threads, calibrate=False)
    cases = list(engine_cases(engine, repeat, _tell))
    _tell("server start")
    start = initialize_ms(repeat)
    cases.append(Case(name="server start to initialize answered", unit="ms", ours=start, better="lower"))
    machine = describe_machine(engine, threads)
    if as_json:
        typer.echo(json.dumps({"machine": machine, "cases": [_row(case) for case in cases]}, indent=2))
    else:
        _print_table(machine, cases)


def _tell(what: str) -> None:
    print(f"Measuring {what}", file=sys.stderr, flush=True)


def _row(case: "Case") -> dict[str, Any]:
    return {
        "name": case.name,
        "unit": case.unit,
        "better": case.better,
        "ours": round(case.ours, 2),
        "peer": None,
        "ratio": None,
    }


def describe_machine(engine: "FillEngine", threads: int | None) -> dict[str, Any]:
    """What the figures depend on."""
    import psutil

    from runtime.providers import installed_wheel

    wheel, version = installed_wheel()
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": threads or "auto",
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        wheel: version,
        "device": engine.device,
        "model": engine.manifest.name,
        "quantization": engine.manifest.quantization,
    }


def _cpu() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _print_table(machine: dict[str, Any], cases: "list[Case]") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("measured")
    table.add_column("median", justify="right")
    table.add_column("unit")
    for case in cases:
        digits = 0 if case.ours >= 100 else 1 if case.ours >= 10 else 2
        table.add_row(Text(case.name), f"{case.ours:,.{digits}f}", case.unit)
    console = Console()
    console.print(Text(", ".join(f"{key} {value}" for key, value in machine.items()), style="dim"))
    console.print(table)
