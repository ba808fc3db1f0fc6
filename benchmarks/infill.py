"""pass@1 of infilling on rows in the format of openai/human-eval-infilling, length unknown.

    python benchmarks/infill.py TASKS.jsonl.gz [--mode line] [--limit N] [--model NAME] [--out FILE]

The mode is what an editor's user would have asked for; it is taken from the task's kind unless
given. Runs the tasks' code: in a subprocess with time and memory limits, in an empty folder.
"""

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from runtime import FillEngine, FillRequest

SECONDS, MEMORY_BYTES = 5, 1 << 30
LIMITS = (
    "import resource;"
    f"resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES}));"
    f"resource.setrlimit(resource.RLIMIT_CPU, ({SECONDS}, {SECONDS}));"
)


def passes_tests(row: dict[str, Any], text: str) -> bool:
    program = f"{row['prompt']}{text}{row['suffix']}\n{row['test']}\ncheck({row['entry_point']})\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "task.py"
        path.write_text(program, encoding="utf-8")
        start = LIMITS + f"import runpy; runpy.run_path({str(path)!r}, run_name='__main__')"
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-c", start],
                cwd=folder,
                env={},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS * 2,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def mode_of(row: dict[str, Any], path: Path) -> str:
    kind = row["task_id"].split("/")[0]
    if "whole_body" in path.name:
        return "function"
    return {"SingleLineInfilling": "line", "RandomSpanInfilling": "region"}.get(kind, "block")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", type=Path, nargs="+")
    parser.add_argument("--mode")
    parser.add_argument("--layout", default="auto")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--model")
    parser.add_argument("--sampler")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    model = Path(options.model) if options.model and Path(options.model).is_dir() else options.model
    engine = FillEngine.open(model)
    records = []
    for path in options.tasks:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file][: options.limit]
        passed = exact = tokens = passes = 0
        started = time.perf_counter()
        for row in rows:
            mode = options.mode or mode_of(row, path)
            request = FillRequest(
                prefix=row["prompt"],
                suffix=row["suffix"],
                mode=mode,
                layout=options.layout,
                language="python",
                sampler=options.sampler,
            )
            result = engine.complete(request)
            ok = passes_tests(row, result.text)
            passed += ok
            exact += result.text == row["canonical_solution"]
            tokens += result.tokens
            passes += result.passes
            records.append(
                {
                    "file": path.name,
                    "task_id": row["task_id"],
                    "passed": ok,
                    "completion": result.text,
                    "stop": result.stop_reason,
                    "tokens": result.tokens,
                    "passes": result.passes,
                    "ms": round(result.total_ms),
                    "mean_logprob": round(result.mean_logprob, 4),
                }
            )
        share = 100 * passed / len(rows)
        print(
            f"{path.name}: pass@1 {share:.1f} % ({passed}/{len(rows)}), "
            f"exact {100 * exact / len(rows):.1f} %, "
            f"{tokens / passes:.2f} tokens a pass, {time.perf_counter() - started:.0f} s",
            flush=True,
        )
    if options.out:
        options.out.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


if __name__ == "__main__":
    main()
