"""`spanfill doctor`: checks that this installation can fill code, and says what to do where not."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime import providers, store
from runtime.errors import SpanfillError, UsageError

if TYPE_CHECKING:
    from lsp_server.cli.doctor_checks import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing looked at."""

    name: str
    ok: bool
    detail: str
    """What was found, or what is wrong and what to do."""
    facts: dict[str, Any] = field(default_factory=dict)


def run_checks(
    model: str = store.DEFAULT_ALIAS, device: str = "auto", tell: Callable[[str], None] = lambda _: None
) -> list[Check]:
    """Look at everything; a check that fails never keeps the next from running. `tell` hears each name."""
    from lsp_server.cli import doctor_checks as look
    from lsp_server.cli.doctor_model import Patient

    patient = Patient(model, device)
    checks: list[tuple[str, Callable[[], Found]]] = [
        ("python", look.python),
        ("processor", look.machine_processor),
        ("packages", look.packages),
        ("onnxruntime", look.onnx_runtime),
        ("devices", look.devices),
        ("storage", look.storage),
        ("model", patient.model),
        ("session", patient.session),
        ("passes", patient.passes),
        ("fill", patient.fill),
        ("grammars", look.grammars),
    ]
    done = []
    for name, check in checks:
        tell(name)
        done.append(_run(name, check))
    return done


def _run(name: str, check: Callable[[], "Found"]) -> Check:
    try:
        found = check()
    except SpanfillError as error:
        return Check(name=name, ok=False, detail=str(error))
    except Exception as error:  # whatever is broken here is exactly what the user wants to know
        what = " ".join(f"{type(error).__name__}: {error}".split())
        return Check(name=name, ok=False, detail=f"{what}. Install spanfill again; if it stays, report it.")
    return Check(name=name, ok=True, detail=found.detail, facts=found.facts)


def command(
    model: Annotated[str, typer.Option(help="Model to look at, by name or folder.")] = store.DEFAULT_ALIAS,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Check this installation and say what to do where something is missing."""
    if device not in providers.DEVICES:
        raise UsageError(f"There is no device {device!r}. Choose one of: {', '.join(providers.DEVICES)}.")
    from lsp_server.cli.stdout_guard import stdout_is_stderr

    with stdout_is_stderr():
        checks = run_checks(model, device, _tell if sys.stderr.isatty() else lambda _: None)
    ok = all(check.ok for check in checks)
    if as_json:
        typer.echo(json.dumps({"ok": ok, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        _print_table(checks)
    if not ok:
        raise typer.Exit(1)


def _tell(name: str) -> None:
    print(f"Looking at {name}", file=sys.stderr, flush=True)


def _print_table(checks: list[Check]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(show_header=False, box=None, pad_edge=False)
    for check in checks:
        sign = Text("ok", style="green") if check.ok else Text("FAILED", style="bold red")
        table.add_row(sign, check.name, Text(check.detail))
    console.print(table)
    costs = next((check.facts["pass_ms"] for check in checks if "pass_ms" in check.facts), None)
    if costs:
        passes = Table(box=None, pad_edge=False, title="a pass takes")
        passes.add_column("tokens", justify="right")
        passes.add_column("ms", justify="right")
        for width, ms in costs.items():
            passes.add_row(width, f"{ms:,.1f}")
        console.print(passes)
