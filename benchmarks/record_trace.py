"""Writes the typing traces that `spanfill bench` replays: `python -m benchmarks.record_trace`.

They are made up from files of this repository and a seed (`lsp_server/cli/bench_typist.py` says how). A trace
holds the text that it types into, so it stays as it is when the file changes. One of a person's typing may
stand beside them in the same format.
"""

import argparse
from pathlib import Path

from lsp_server.cli.bench_trace import save_trace
from lsp_server.cli.bench_typist import typed_trace
from lsp_server.languages import language_of_path

ROOT = Path(__file__).parents[1]
FILES = ("lsp_server/statistics.py", "runtime/pass_cost.py", "examples/lru_cache.ts")
SEED = 7
SECONDS = 75.0
"""A little more than a replay takes of each, so that none ends early."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("files", nargs="*", default=FILES, help="files of the repository to type in")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "traces", help="folder")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for file in asked.files:
        path = Path(file)
        text = (ROOT / path).read_text(encoding="utf-8")
        trace = typed_trace(
            path.name, language_of_path(path.name), text, seed=asked.seed, seconds=asked.seconds
        )
        target = asked.out / f"{path.stem}.jsonl"
        save_trace(trace, target)
        print(f"{target}: {len(trace.events)} events, {trace.duration_ms / 1e3:.0f} s")


if __name__ == "__main__":
    main()
