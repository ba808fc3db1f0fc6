"""Puts tables into docs/performance.md: `python -m benchmarks.performance_doc [--bench bench.json]`.

What follows from the model's shapes comes from `benchmarks/cost_model.py`, what was measured from the output
of `spanfill bench --json`. Each table stands between two marks; what is outside of them is left alone.
"""

import argparse
import json
import re
from pathlib import Path
from typing import Any

from benchmarks.cost_model import Shapes, operations, shapes, tables, traffic
from lsp_server.cli.bench_table import number
from runtime.errors import InputError
from runtime.store import resolve

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
_PREFILL = re.compile(r"prefill of (\d+) tokens")
_PASS = re.compile(r"pass of (\d+) tokens")

Rows = list[dict[str, Any]]


def measured_tables(report: dict[str, Any], model: Shapes) -> dict[str, list[str]]:
    """Every table that a bench report has something for, by its mark."""
    rows: Rows = report["cases"]
    parts = {
        "engine": [
            row for row in rows if ": " not in row["name"] and not row["name"].startswith("server start")
        ],
        "server": [row for row in rows if row["name"].startswith(("server: ", "server start"))],
        "typing": [row for row in rows if row["name"].startswith(("typing: ", "soak: "))],
    }
    made = {name: case_table(part, report["peer"]) for name, part in parts.items() if part}
    points = point_table(rows, model)
    if points:
        made["points"] = points
    made["machine"] = [_facts(report["machine"])]
    if report["peer"] is not None:
        made["machine"] += ["", _facts(report["peer"])]
    return made


def case_table(rows: Rows, peer: dict[str, Any] | None) -> list[str]:
    """Markdown of cases; with the peer's figures where there is one."""
    compared = peer is not None and any(row["peer"] is not None for row in rows)
    names = ["measured", "median", "p95", "unit", *([peer["name"], "ratio"] if peer and compared else [])]
    lines = [_row(names), _row(["---", *["---:"] * 2, "---", *["---:"] * (len(names) - 4)])]
    for row in rows:
        cells = [row["name"], number(row["ours"]), number(row["p95"]) if "p95" in row else "", row["unit"]]
        if compared:
            known = row["peer"] is not None
            cells += [number(row["peer"]), f"{row['ratio']:.2f}"] if known else ["", ""]
        lines.append(_row(cells))
    return lines


def point_table(rows: Rows, model: Shapes) -> list[str]:
    """Markdown of measured passes beside what they do: the rates they come to."""
    lines = []
    for row in rows:
        if match := _PASS.fullmatch(row["name"]):
            width, ms = int(match[1]), row["ours"]
            work, moved = operations(model, width, 0), traffic(model, width, 0)
        elif match := _PREFILL.fullmatch(row["name"]):
            width = int(match[1])
            ms = width / row["ours"] * 1e3
            work, moved = operations(model, width, 0, predicted=1), traffic(model, width, 0)
        else:
            continue
        cells = [row["name"], f"{ms:,.0f}", f"{work / ms / 1e6:,.0f}", f"{moved / ms / 1e6:,.1f}"]
        lines.append(_row(cells))
    head = ["pass", "ms", "GFLOP a second", "GB a second"]
    return [_row(head), _row(["---", *["---:"] * 3]), *lines] if lines else []


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _facts(facts: dict[str, Any]) -> str:
    shown = {key: " ".join(value) if isinstance(value, list) else value for key, value in facts.items()}
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in shown.items()) + "."


def replaced(text: str, made: dict[str, list[str]]) -> str:
    """`text` with each table between its marks; a mark without a table keeps what it has.

    Raises:
        InputError: a table has no marks in the text.
    """
    for name, lines in made.items():
        begin, end = f"<!-- table: {name} -->\n", f"<!-- end: {name} -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise InputError(
                f"The text has no place for the table {name}: it needs {begin.strip()} and {end}."
            )
        before, rest = text.split(begin)
        after = rest.split(end)[1]
        text = "".join((before, begin, "\n".join(lines), "\n", end, after))
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description="Put tables into docs/performance.md.")
    parser.add_argument("document", nargs="?", type=Path, default=DOCUMENT)
    parser.add_argument("--bench", type=Path, help="output of `spanfill bench --json`")
    parser.add_argument("--model", help="name or folder; the default model without it")
    asked = parser.parse_args()
    folder = resolve(asked.model)
    made = tables(folder)
    if asked.bench is not None:
        made |= measured_tables(json.loads(asked.bench.read_text(encoding="utf-8")), shapes(folder))
    text = asked.document.read_text(encoding="utf-8")
    asked.document.write_text(replaced(text, made), encoding="utf-8")


if __name__ == "__main__":
    main()
