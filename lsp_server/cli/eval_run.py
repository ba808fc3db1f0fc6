"""One run of `spanfill eval`: what is left to do, a bar while it is done, and the report."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lsp_server.evaluation.asking import Asking
from lsp_server.evaluation.evaluate import Evaluation, check_sandbox
from lsp_server.evaluation.filling import Fill, ModelFill, gold_fill
from lsp_server.evaluation.ledger import Ledger
from lsp_server.evaluation.length_knowledge import knowledge_of
from lsp_server.evaluation.results import RowResult
from lsp_server.evaluation.sandbox.limits import Limits
from lsp_server.evaluation.summary import summary_of
from lsp_server.evaluation.tasks import Task, TaskFile

UNCONFINED = (
    "spanfill: the kernel can't confine programs here: Python's own hooks stop accidents, not attacks. "
    "Run this in a container or a virtual machine."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the command line asks for."""

    file: TaskFile
    limit: int | None
    asking: Asking
    limits: Limits
    jobs: int
    gold: bool
    model: str | None
    device: str
    threads: int | None
    out: Path | None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The rows that are asked for."""
        return self.file.tasks[: self.limit]


def run(order: Order) -> tuple[dict[str, Any], bool]:
    """The report, and whether Ctrl-C ended the run before its end.

    Raises:
        SpanfillError: the model, the sandbox or a file can't be used.
    """
    console = Console(stderr=True)
    if not check_sandbox(order.limits):
        console.print(UNCONFINED, markup=False, highlight=False)
    fill, about = source_of(order)
    rows: dict[str, RowResult] = {}
    with ExitStack() as stack:
        ledger = (
            None if order.out is None else stack.enter_context(Ledger(order.out, _made_with(order, about)))
        )
        if ledger is not None:
            rows |= ledger.rows
        left = [task for task in order.tasks if task.id not in rows]
        bar = stack.enter_context(Bar(console, total=len(order.tasks), done=len(order.tasks) - len(left)))

        def keep(row: RowResult) -> None:
            rows[row.task_id] = row
            if ledger is not None:
                ledger.add(row)
            bar.advance(row)

        evaluation = Evaluation(fill=fill, limits=order.limits, jobs=order.jobs)
        interrupted = evaluation.run(left, keep)
    done = [rows[task.id] for task in order.tasks if task.id in rows]
    summary = summary_of(done) | about | {"tasks": order.file.name, "seed": order.asking.seed}
    rows_told = [asdict(row) for row in done]
    return {"summary": summary, "interrupted": interrupted, "rows": rows_told}, interrupted


def source_of(order: Order) -> tuple[Fill, dict[str, Any]]:
    """Where the texts come from, and what is told of it."""
    if order.gold:
        # A solution has its true length, whatever the figures of an oracle are called.
        return gold_fill, {"model": "gold", "sampler": "gold", "length_policy": "oracle"}
    from runtime import FillEngine

    engine = FillEngine.open(order.model, device=order.device, threads=order.threads)
    fill = ModelFill(engine, order.asking)
    manifest = engine.manifest
    graph = manifest.files.get(manifest.graph.file)
    return fill, {
        "model": manifest.name,
        "quantization": manifest.quantization,
        "model_sha256": graph.sha256 if graph else None,
        "device": engine.device,
        "sampler": fill.sampler,
        "length_policy": knowledge_of(order.asking.length),
        "length": fill.length,
        "cache_policy": fill.cache,
    }


def _made_with(order: Order, about: dict[str, Any]) -> dict[str, Any]:
    """All that decides what becomes of a row."""
    try:
        release = version("spanfill")
    except PackageNotFoundError:
        release = ""
    return about | {
        "tasks_sha256": order.file.sha256,
        "asking": asdict(order.asking),
        "limits": asdict(order.limits),
        "spanfill": release,
    }


class Bar:
    """Rows done, and the share of them that passed so far; on stderr."""

    def __init__(self, console: Console, *, total: int, done: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("Filling", total=total, completed=done)
        self._tried = self._passed = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, row: RowResult) -> None:
        """One more row is done."""
        self._tried += row.tried
        self._passed += row.outcome == "passed"
        share = f"pass@1 {100 * self._passed / self._tried:.0f} %" if self._tried else "Filling"
        self._progress.update(self._task, advance=1, description=share)
