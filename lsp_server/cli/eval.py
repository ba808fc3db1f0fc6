"""`spanfill eval`: fills a set of tasks, runs their tests in a sandbox, and counts."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime import MODES, UsageError

if TYPE_CHECKING:
    from runtime import Mode

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""
LEAST_MEMORY_MIB = 64


def command(
    tasks: Annotated[
        Path,
        typer.Argument(
            metavar="TASKS.jsonl[.gz]", help="Rows as human-eval-infilling or santacoder-fim has them."
        ),
    ],
    limit: Annotated[int | None, typer.Option(help="Only the first rows.", show_default="all")] = None,
    seed: Annotated[int, typer.Option(help="Of what is sampled.")] = 0,
    jobs: Annotated[int, typer.Option(help="Programs tried at the same time, beside the model.")] = 1,
    model: Annotated[
        str | None, typer.Option(help="Model by name or folder.", show_default="default")
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(help="line, block, function or region.", show_default="by the kind of task"),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            help="unknown, fixed or oracle: what the length policy may know of the length.",
            show_default="as --length has it",
        ),
    ] = None,
    length: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help="Masked models: cal, expand-delete, daedal, blocks, fixed:N, oracle.",
            show_default="auto",
        ),
    ] = None,
    sampler: Annotated[str | None, typer.Option(help="Sampler by name.", show_default="the model's")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=NUMBER", help="A setting of the sampler; may be given again."),
    ] = None,
    cache: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY", help="Masked models: none, prefix, dual.", show_default="by the model"
        ),
    ] = None,
    constraint: Annotated[str, typer.Option(help="Masked models: syntax, none, auto.")] = "none",
    temperature: Annotated[float, typer.Option(help="Masked models: above 0, tokens are sampled.")] = 0.0,
    layout: Annotated[str, typer.Option(help="Prompt layout by the manifest's name.")] = "auto",
    max_tokens: Annotated[int, typer.Option("--max-tokens", help="Most tokens to write for a hole.")] = 256,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="Threads of the CPU.", show_default="all cores")] = None,
    timeout: Annotated[
        int, typer.Option(help="Seconds of processor time for a program; four times that on the clock.")
    ] = 5,
    memory: Annotated[int, typer.Option(help="MiB of memory for a program.")] = 1024,
    gold: Annotated[
        bool, typer.Option("--gold", help="Try the solutions themselves, without a model: a self-test.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep rows here, and go on from what it has of the same settings."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Fill the holes of a set of tasks, run their tests, and count.

    Tests run the code that the model wrote: in a process of its own, with limits, that the kernel keeps
    from the network and from other files and processes where it can (docs/cli.md).
    """
    _check_counts(
        limit=limit, jobs=jobs, max_tokens=max_tokens, timeout=timeout, memory=memory, threads=threads
    )
    if memory < LEAST_MEMORY_MIB:
        raise UsageError(f"--memory must be at least {LEAST_MEMORY_MIB}: Python itself needs that.")
    if seed < 0 or temperature < 0:
        raise UsageError("--seed and --temperature must be at least 0.")
    from lsp_server.cli.eval_run import Order, run
    from lsp_server.cli.fill import parse_settings
    from lsp_server.evaluation.asking import Asking
    from lsp_server.evaluation.sandbox.limits import MIB, Limits
    from lsp_server.evaluation.tasks import read_tasks

    if gold:
        _check_gold(model=model, mode=mode, sampler=sampler, length=length, policy=policy, cache=cache)
    asking = Asking(
        mode=_mode(mode),
        layout=layout,
        sampler=sampler,
        settings=parse_settings(settings or ()),
        length=_length(length, policy),
        cache=cache,
        constraint=constraint,
        temperature=temperature,
        max_tokens=max_tokens,
        seed=seed,
    )
    order = Order(
        file=read_tasks(tasks),
        limit=limit,
        asking=asking,
        limits=Limits(cpu_seconds=timeout, wall_seconds=4.0 * timeout, memory_bytes=memory * MIB),
        jobs=jobs,
        gold=gold,
        model=model,
        device=device,
        threads=threads,
        out=out,
    )
    from lsp_server.cli.stdout_guard import stdout_is_stderr

    with stdout_is_stderr():
        report, interrupted = run(order)
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        _print(report["summary"])
    if interrupted:
        print("spanfill: interrupted; the figures are of the rows that were done", file=sys.stderr)
        raise typer.Exit(INTERRUPTED)
    if gold and any(row["outcome"] not in ("passed", "not_run") for row in report["rows"]):
        print("spanfill: a solution does not pass its own tests; --json says which", file=sys.stderr)
        raise typer.Exit(1)


def _check_counts(**counts: int | None) -> None:
    for name, count in counts.items():
        if count is not None and count < 1:
            raise UsageError(f"--{name.replace('_', '-')} must be at least 1.")


def _check_gold(**options: object) -> None:
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"--gold tries the solutions, without a model; it takes no --{name}.")


def _mode(name: str | None) -> "Mode | None":
    if name is not None and name not in MODES:
        raise UsageError(f"There is no mode {name!r}; choose one of {', '.join(MODES)}.")
    return name


def _length(length: str | None, policy: str | None) -> str | None:
    """The length policy to ask with: what `--policy` allows."""
    from lsp_server.evaluation.length_knowledge import KNOWLEDGE, knowledge_of

    if policy is not None and policy not in KNOWLEDGE:
        raise UsageError(f"There is no length policy of the kind {policy!r}; choose {', '.join(KNOWLEDGE)}.")
    if length is not None and length.startswith("oracle:"):
        raise UsageError("Each row tells its own length: write --length oracle, without a number.")
    if length is None and policy == "oracle":
        return "oracle"
    if length is None and policy == "fixed":
        raise UsageError("--policy fixed needs the number of slots: --length fixed:N.")
    if policy is not None and knowledge_of(length) != policy:
        raise UsageError(f"--length {length} is of the kind {knowledge_of(length)}, not {policy}.")
    return length


def _print(summary: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from lsp_server.evaluation.length_knowledge import KNOWLEDGE

    table = Table(show_header=False, box=None, pad_edge=False)
    bounds = summary["pass_at_1_ci95"]
    between = "" if bounds is None else f"  (95 %: {_percent(bounds[0])} to {_percent(bounds[1])})"
    table.add_row("rows", f"{summary['rows']} of {summary['base_tasks']} problems")
    table.add_row("pass@1", _percent(summary["pass_at_1"]) + between)
    table.add_row("exact match", _percent(summary["exact_match"]))
    table.add_row("edit similarity", _percent(summary["edit_similarity"]))
    table.add_row("parses", _percent(summary["well_formed"]))
    table.add_row("tokens, passes", f"{summary['tokens']:,}, {summary['passes']:,}")
    table.add_row("tokens a pass", _number(summary["tokens_per_pass"]))
    table.add_row("ms a row, p50 and p95", f"{_number(summary['ms_p50'])}, {_number(summary['ms_p95'])}")
    table.add_row("outcomes", ", ".join(f"{name} {count}" for name, count in summary["outcomes"].items()))
    console = Console()
    knows = "" if summary["model"] == "gold" else f", {KNOWLEDGE[summary['length_policy']]}"
    heading = f"{summary['tasks']}: {summary['model']}, sampler {summary['sampler']}{knows}"
    console.print(Text(heading, style="dim"))
    console.print(table)


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{100 * share:.1f} %"


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:,.{0 if value >= 100 else 2}f}"
