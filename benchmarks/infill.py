"""pass@1 of infilling on several files of tasks with one loaded model: a line for each file.

    python -m benchmarks.infill TASKS.jsonl.gz [...] [--mode line] [--limit N] [--model NAME] [--out FILE]

`spanfill eval` measures one file, and tells more of it; this asks and tries rows as it does.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lsp_server.evaluation.asking import Asking
from lsp_server.evaluation.evaluate import Evaluation
from lsp_server.evaluation.filling import ModelFill
from lsp_server.evaluation.results import RowResult
from lsp_server.evaluation.sandbox.limits import Limits
from lsp_server.evaluation.summary import summary_of
from lsp_server.evaluation.tasks import read_tasks
from runtime import MODES, FillEngine, SpanfillError


def measure(path: Path, evaluation: Evaluation, limit: int | None) -> tuple[list[RowResult], bool]:
    """The rows of one file, shown as a line, and whether Ctrl-C ended it."""
    rows: list[RowResult] = []
    started = time.perf_counter()
    interrupted = evaluation.run(read_tasks(path).tasks[:limit], rows.append)
    found = summary_of(rows)
    if found["tried"]:
        passed = sum(row.outcome == "passed" for row in rows)
        print(
            f"{path.name}: pass@1 {100 * found['pass_at_1']:.1f} % ({passed}/{found['tried']}), "
            f"exact {100 * found['exact_match']:.1f} %, {found['tokens_per_pass'] or 0:.2f} tokens a pass, "
            f"{time.perf_counter() - started:.0f} s",
            flush=True,
        )
    return rows, interrupted


def run(options: argparse.Namespace) -> int:
    """Measure every file; returns the exit status."""
    engine = FillEngine.open(options.model)
    asking = Asking(mode=options.mode, layout=options.layout, sampler=options.sampler)
    evaluation = Evaluation(fill=ModelFill(engine, asking), limits=Limits())
    records: list[dict[str, Any]] = []
    interrupted = False
    for path in options.tasks:
        rows, interrupted = measure(path, evaluation, options.limit)
        records += [{"file": path.name, **asdict(row)} for row in rows]
        if interrupted:
            break
    if options.out:
        options.out.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return 130 if interrupted else 0


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.infill", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", type=Path, nargs="+")
    parser.add_argument("--mode", choices=MODES)
    parser.add_argument("--layout", default="auto")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--model")
    parser.add_argument("--sampler")
    parser.add_argument("--out", type=Path, help="write the rows here, one JSON object a line")
    try:
        return run(parser.parse_args(arguments))
    except SpanfillError as error:
        print(error, file=sys.stderr)
        return error.exit_status


if __name__ == "__main__":
    sys.exit(main())
