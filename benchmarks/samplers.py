"""Compares samplers, length policies and cache policies of a masked model on holes in Python code.

    python -m benchmarks.samplers --model FOLDER [--rows N] [--seed S] [FILES …]
                                  [--json] [--markdown FILE] [--svg FILE]

FILES are Python files, or infilling tasks in the format of openai/human-eval-infilling; without any, the
holes are cut from Python's own library. Rows are the outer loop: every case has filled the same holes under
the same load when Ctrl-C is pressed, and what is measured by then is shown.

Figures of length policies that were told the true length stand in tables and panels of their own.
"""

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.cases import (
    CACHES,
    LENGTHS,
    Case,
    check_samplers,
    cross,
    possible_caches,
    possible_lengths,
    star,
)
from benchmarks.holes import LONGEST_TOKENS, Hole, read_holes, standard_library
from benchmarks.report import Measured, as_json, as_markdown, as_svg
from benchmarks.scores import Score, summary
from lsp_server.evaluation.likeness import edit_similarity
from runtime import FillEngine, FillRequest
from runtime.errors import SpanfillError, UsageError
from runtime.samplers.masked.registry import MASKED_SAMPLERS

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def fill(engine: FillEngine, hole: Hole, case: Case, *, seed: int, max_tokens: int) -> Score:
    """Fill one hole in one way.

    As a region, for which nothing is cut off but what repeats or runs into the suffix: a rule that ends
    the text with its line would tell the length.
    """
    request = FillRequest(
        prefix=hole.prefix,
        suffix=hole.suffix,
        mode="region",
        language="python",
        max_tokens=max_tokens,
        sampler=case.sampler,
        settings=dict(case.settings),
        length=case.length_of(engine.count_tokens(hole.text)),
        cache=case.cache,
        seed=seed,
    )
    result = engine.complete(request)
    return Score(
        exact=result.text == hole.text,
        similarity=edit_similarity(result.text, hole.text),
        passes=result.passes,
        tokens=engine.count_tokens(result.text),
        ms=result.total_ms,
    )


def measure(
    engine: FillEngine, holes: Sequence[Hole], cases: Sequence[Case], *, seed: int, max_tokens: int
) -> tuple[dict[Case, list[Score]], bool]:
    """Scores of each case for the holes that all cases have filled, and whether Ctrl-C ended it."""
    scores: dict[Case, list[Score]] = {case: [] for case in cases}
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("Warming up", total=len(holes) * len(cases))
        try:
            fill(engine, holes[0], cases[0], seed=seed, max_tokens=max_tokens)
            for number, hole in enumerate(holes, 1):
                progress.update(bar, description=f"Row {number} of {len(holes)}")
                row: list[Score] = []
                for case in cases:
                    row.append(fill(engine, hole, case, seed=seed, max_tokens=max_tokens))
                    progress.advance(bar)
                for case, score in zip(cases, row, strict=True):
                    scores[case].append(score)
        except KeyboardInterrupt:
            return scores, True
    return scores, False


def choose_cases(engine: FillEngine, options: argparse.Namespace) -> list[Case]:
    """What the options ask for, as far as the model allows.

    Raises:
        UsageError: an unknown name, nothing left to compare, or a model that is not bidirectional.
    """
    manifest = engine.manifest
    if manifest.attention != "bidirectional":
        raise UsageError(
            f"{manifest.name} is a {manifest.attention.replace('_', '-')} model; samplers, lengths and "
            "caches are compared on a bidirectional one."
        )
    samplers = _names(options.samplers)
    check_samplers(samplers)
    lengths = possible_lengths(_names(options.lengths), manifest)
    caches = possible_caches(_names(options.caches), manifest)
    if not (samplers and lengths and caches):
        raise UsageError(f"{manifest.name} has nothing to compare among these samplers, lengths and caches.")
    return (cross if options.full else star)(samplers, lengths, caches)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def run(options: argparse.Namespace) -> int:
    """Measure and show; returns the exit status."""
    engine = FillEngine.open(options.model, threads=options.threads, calibrate=False)
    cases = choose_cases(engine, options)
    holes = read_holes(
        options.files or standard_library(),
        options.rows,
        seed=options.seed,
        count_tokens=engine.count_tokens,
        context_tokens=options.context,
        longest_tokens=options.hole_tokens,
    )
    scores, interrupted = measure(engine, holes, cases, seed=options.seed, max_tokens=options.max_tokens)
    rows = len(scores[cases[0]])
    if not rows:
        print("Interrupted before the first row was done: nothing to show.", file=sys.stderr)
        return INTERRUPTED
    about = {
        "model": engine.manifest.name,
        "device": engine.device,
        "rows": rows,
        "seed": options.seed,
        "context_tokens": options.context,
        "hole_tokens": options.hole_tokens,
        "max_tokens": options.max_tokens,
        "sources": "given" if options.files else f"standard library of Python {platform.python_version()}",
    }
    show(Measured(about=about, results={case: summary(found) for case, found in scores.items()}), options)
    return INTERRUPTED if interrupted else 0


def show(measured: Measured, options: argparse.Namespace) -> None:
    """Write what was asked for; tables go to stdout unless JSON does."""
    tables = as_markdown(measured)
    if options.markdown:
        options.markdown.write_text(tables, encoding="utf-8")
    if options.svg:
        options.svg.write_text(as_svg(measured), encoding="utf-8")
    print(json.dumps(as_json(measured), indent=1) if options.json else tables)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.samplers", description=__doc__.splitlines()[0])
    parser.add_argument(
        "files", type=Path, nargs="*", help="Python files or infilling tasks (.jsonl, .jsonl.gz)"
    )
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--rows", type=int, default=40, help="holes to fill (40)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of holes and of samplers (0)")
    parser.add_argument("--samplers", default=",".join(MASKED_SAMPLERS), help="names, with commas (all)")
    parser.add_argument("--lengths", default=",".join(LENGTHS), help="length policies; the first is swept")
    parser.add_argument("--caches", default=",".join(CACHES), help="cache policies")
    parser.add_argument("--full", action="store_true", help="every sampler with every length and every cache")
    parser.add_argument("--context", type=int, default=96, help="tokens of text on each side (96)")
    parser.add_argument(
        "--hole-tokens",
        type=int,
        default=LONGEST_TOKENS,
        help=f"leave out holes with more tokens ({LONGEST_TOKENS})",
    )
    parser.add_argument("--max-tokens", type=int, default=64, help="limit of a hole (64)")
    parser.add_argument("--threads", type=int, help="of ONNX Runtime")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the tables")
    parser.add_argument("--markdown", type=Path, help="also write the tables to this file")
    parser.add_argument("--svg", type=Path, help="also plot quality against passes to this file")
    options = parser.parse_args(arguments)
    if min(options.rows, options.context, options.hole_tokens, options.max_tokens) < 1 or options.seed < 0:
        parser.error(
            "--rows, --context, --hole-tokens and --max-tokens must be at least 1, --seed at least 0."
        )
    try:
        return run(options)
    except SpanfillError as error:
        print(error, file=sys.stderr)
        return error.exit_status


if __name__ == "__main__":
    sys.exit(main())
