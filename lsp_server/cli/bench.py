"""`spanfill bench`: measures this machine, on real code; a table for people, JSON for programs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lsp_server.cli.bench_plan import CONTEXTS, LEAST_CONTEXT, MOST_CONTEXT, Plan, Tell
from runtime.errors import SpanfillError, UsageError

if TYPE_CHECKING:
    from lsp_server.cli.bench_case import Case
    from lsp_server.cli.bench_peer import Peer

PARTS = ("engine", "server", "typing")
PEERS = ("llama.cpp",)


def command(
    model: Annotated[
        str | None, typer.Option(help="Model by name or folder.", show_default="default")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    threads: Annotated[int | None, typer.Option(help="Threads of the CPU.", show_default="all cores")] = None,
    repeat: Annotated[int, typer.Option(help="Runs that each median is taken of, at least.")] = 5,
    only: Annotated[
        str | None,
        typer.Option(help="engine, server or typing: measure that alone.", show_default="all three"),
    ] = None,
    contexts: Annotated[
        str, typer.Option(metavar="TOKENS,...", help="Lengths of context around the lines that are written.")
    ] = ",".join(map(str, CONTEXTS)),
    peer: Annotated[
        str | None, typer.Option(help="Compare with llama.cpp: it is installed if need be.")
    ] = None,
    peer_model: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="GGUF file for the peer.", show_default="the model's own source"),
    ] = None,
    trace: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Typing to replay; again for more.", show_default="built-in"),
    ] = None,
    typing: Annotated[float, typer.Option(metavar="SECONDS", help="How much of each trace to type.")] = 60.0,
    soak: Annotated[float, typer.Option(metavar="MINUTES", help="Type this much without idle time.")] = 0.0,
    check: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Fail where a ratio is worse than FILE allows.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write this run's ratios into FILE.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Measure speed and memory on this machine; about ten minutes.

    `engine` is the model alone, `server` every kind of request at the real language server, `typing` a
    typist at that server. Ctrl-C ends it; what is measured by then is told.
    """
    plan = Plan(
        model=model,
        device=device,
        threads=threads,
        repeat=repeat,
        contexts=_lengths(contexts),
        traces=tuple(trace or ()),
        typing_s=typing,
        soak_minutes=soak,
    )
    _check_usage(plan, only, peer, peer_model)
    from lsp_server.cli.bench_ratios import judge, load_ratios, record_ratios
    from lsp_server.cli.bench_table import print_table
    from lsp_server.cli.progress import StageBar
    from lsp_server.cli.stdout_guard import stdout_is_stderr

    watched = load_ratios(check) if check is not None else ()
    recorded = load_ratios(record) if record is not None else ()
    run = _Run(plan, only)
    with stdout_is_stderr(), StageBar() as bar:
        run.measure(peer is not None, peer_model, bar)
    if not run.cases and run.stopped is not None:
        raise run.stopped
    if as_json:
        typer.echo(json.dumps(run.report(), indent=2))
    else:
        print_table(run.report())
    if run.stopped is not None:
        raise run.stopped
    if record is not None:
        record_ratios(record, recorded, run.cases)
    if check is not None:
        judge(watched, run.cases)


class _Run:
    """What is measured, as far as it has come."""

    def __init__(self, plan: Plan, only: str | None) -> None:
        self.plan = plan
        self.only = only
        self.machine: dict[str, Any] = {}
        self.peer: dict[str, Any] | None = None
        self.cases: list[Case] = []
        self.stopped: SpanfillError | KeyboardInterrupt | None = None
        """What ended it before its time."""

    def measure(self, with_peer: bool, peer_model: Path | None, tell: Tell) -> None:
        """Measure until the end, or until something stops it."""
        from lsp_server.cli.machine import describe_machine

        plan = self.plan
        try:
            self.machine = describe_machine(plan.model, plan.device, plan.threads)
            for case in self._measured(with_peer, peer_model, tell):
                self.cases.append(case)
        except (SpanfillError, KeyboardInterrupt) as stopped:
            self.stopped = stopped

    def report(self) -> dict[str, Any]:
        """Everything as JSON."""
        rows = [case.row() for case in self.cases]
        return {
            "machine": self.machine,
            "peer": self.peer,
            "cases": rows,
            "complete": self.stopped is None,
        }

    def _measured(self, with_peer: bool, peer_model: Path | None, tell: Tell) -> "Iterator[Case]":
        plan, only = self.plan, self.only
        if only in (None, "engine"):
            if with_peer:
                yield from self._compared(peer_model, tell)
            else:
                yield from self._engine(None, tell)
        if only in (None, "server"):
            from lsp_server.cli.bench_server import server_cases

            yield from server_cases(plan, tell)
        if only in (None, "typing"):
            from lsp_server.cli.bench_typing import soak_cases, typing_cases

            if plan.typing_s:
                yield from typing_cases(plan, tell)
            if plan.soak_minutes:
                yield from soak_cases(plan, tell)

    def _compared(self, peer_model: Path | None, tell: Tell) -> "Iterator[Case]":
        from lsp_server.cli.bench_peer import Peer
        from lsp_server.cli.bench_peer_setup import VERSION, find_gguf, find_node, install
        from runtime.manifest import load_manifest
        from runtime.store import resolve

        plan = self.plan
        node = find_node()
        manifest = load_manifest(resolve(plan.model))
        gguf, same = find_gguf(manifest, peer_model, tell)
        folder = install(tell)
        tell("loading llama.cpp", 0.0)
        # Room for the context, the line and the prompt's own tokens.
        room = max(*plan.contexts, MOST_CONTEXT) + 512
        with Peer(node, folder, gguf, threads=self._threads, context_tokens=room) as peer:
            self.peer = {
                "name": "llama.cpp",
                **peer.facts,
                "binding": f"node-llama-cpp {VERSION}",
                "model": gguf.name,
                "same_checkpoint": same,
            }
            yield from self._engine(peer, tell)

    def _engine(self, peer: "Peer | None", tell: Tell) -> "Iterator[Case]":
        from lsp_server.cli.bench_contexts import context_cases
        from lsp_server.cli.bench_engine import engine_cases
        from lsp_server.cli.bench_peer_filling import PeerFiller
        from runtime import FillEngine
        from runtime.store import resolve

        plan = self.plan
        threads = plan.threads if peer is None else self._threads
        tell("loading the model", 0.0)
        engine = FillEngine.open(plan.model, device=plan.device, threads=threads, calibrate=False)
        filler = None if peer is None else PeerFiller(peer, resolve(plan.model))
        yield from context_cases(engine, filler, plan, tell)
        yield from engine_cases(engine, plan, tell, None if peer is None else peer.resident_mb())

    @property
    def _threads(self) -> int:
        """As many for both sides: what was asked for, else ONNX Runtime's own choice, the physical cores."""
        import psutil

        return self.plan.threads or psutil.cpu_count(logical=False) or 1


def _lengths(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d+(,\d+)*", text):
        raise UsageError(f"--contexts takes numbers of tokens, as in 64,256, not {text!r}.")
    return tuple(sorted({int(part) for part in text.split(",")}))


def _check_usage(plan: Plan, only: str | None, peer: str | None, peer_model: Path | None) -> None:
    if plan.repeat < 1 or (plan.threads is not None and plan.threads < 1):
        raise UsageError("--repeat and --threads must be at least 1.")
    if only is not None and only not in PARTS:
        raise UsageError(f"--only takes one of {', '.join(PARTS)}, not {only!r}.")
    if not LEAST_CONTEXT <= plan.contexts[0] <= plan.contexts[-1] <= MOST_CONTEXT:
        raise UsageError(f"--contexts takes numbers from {LEAST_CONTEXT} to {MOST_CONTEXT}.")
    if peer is not None and peer not in PEERS:
        raise UsageError(f"--peer takes {', '.join(PEERS)}, not {peer!r}.")
    if peer is not None and only not in (None, "engine"):
        raise UsageError(f"--peer compares engines; --only {only} leaves them out.")
    if peer_model is not None and peer is None:
        raise UsageError("--peer-model names a file for --peer, which is missing.")
    if plan.typing_s < 0 or plan.soak_minutes < 0:
        raise UsageError("--typing and --soak can't be negative.")
