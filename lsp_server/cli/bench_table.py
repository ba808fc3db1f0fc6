"""The report of `spanfill bench` as a table for people."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_table(report: dict[str, Any]) -> None:
    """Print a report as `spanfill bench --json` gives it."""
    peer = report["peer"]
    table = Table(box=None, pad_edge=False)
    table.add_column("measured")
    for name in ("median", "p95", "p99"):
        table.add_column(name, justify="right")
    table.add_column("unit")
    table.add_column("runs", justify="right")
    if peer is not None:
        table.add_column(peer["name"], justify="right")
        table.add_column("ratio", justify="right")
    for row in report["cases"]:
        spread = [number(row[name]) if name in row else "" for name in ("p95", "p99")]
        compared = [] if row["peer"] is None else [number(row["peer"]), f"{row['ratio']:.2f}"]
        table.add_row(
            Text(row["name"]), number(row["ours"]), *spread, row["unit"], str(row.get("n", "")), *compared
        )
    console = Console()
    console.print(Text(_line(report["machine"]), style="dim"))
    if peer is not None:
        console.print(Text(_line(peer), style="dim"))
    console.print(table)
    if not report["complete"]:
        console.print(Text("Stopped before its time: cases are missing.", style="bold"))


def _line(facts: dict[str, Any]) -> str:
    shown = {key: " ".join(value) if isinstance(value, list) else value for key, value in facts.items()}
    return ", ".join(f"{key} {value}" for key, value in shown.items())


def number(value: float) -> str:
    """A figure with as many digits as mean something."""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.{0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2}f}"
