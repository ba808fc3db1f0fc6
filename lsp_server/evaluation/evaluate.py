"""Fills task after task and tries each text in the sandbox, while the model goes on with the next.

Knows tasks, where texts come from and the sandbox; does not know files or terminals.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from lsp_server.evaluation.filling import Fill, Filled
from lsp_server.evaluation.likeness import edit_similarity, is_exact, is_well_formed
from lsp_server.evaluation.programs import program_of
from lsp_server.evaluation.results import RowResult
from lsp_server.evaluation.sandbox.execution import Program, Verdict, run_program
from lsp_server.evaluation.sandbox.limits import Limits
from lsp_server.evaluation.tasks import Task
from runtime import RuntimeSetupError


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How rows are tried."""

    fill: Fill
    limits: Limits
    jobs: int = 1
    """Programs that run at the same time."""

    def run(self, tasks: Sequence[Task], on_row: Callable[[RowResult], None]) -> bool:
        """Fill and try `tasks`; `on_row` is told of each, in the order in which they are done.

        Ctrl-C ends the filling; programs that run by then come to their end, and are told of. Returns
        whether it came to that.
        """
        interrupted = False
        pending: set[Future[RowResult]] = set()
        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                for task in tasks:
                    pending.add(pool.submit(self._try, task, self.fill(task)))
                    _tell(pending, on_row, wait_for=0.0)
                _tell(pending, on_row)
            except KeyboardInterrupt:
                interrupted = True
                _tell({future for future in pending if not future.cancel()}, on_row)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        return interrupted

    def _try(self, task: Task, filled: Filled) -> RowResult:
        verdict = self._verdict(task, filled)
        there = not filled.problem
        return RowResult(
            task_id=task.id,
            base_task=task.base,
            outcome=verdict.ending if there else "not_filled",
            detail=verdict.detail if there else filled.problem,
            completion=filled.text,
            mode=filled.mode,
            exact_match=there and is_exact(task, filled.text),
            edit_similarity=round(edit_similarity(filled.text, task.solution), 4) if there else 0.0,
            well_formed=is_well_formed(task, filled.text) if there else None,
            stop_reason=filled.stop_reason,
            tokens=filled.tokens,
            passes=filled.passes,
            ms=round(filled.ms, 1),
            mean_logprob=round(filled.mean_logprob, 4),
        )

    def _verdict(self, task: Task, filled: Filled) -> Verdict:
        program = program_of(task, filled.text)
        if filled.problem or isinstance(program, str):
            return Verdict(ending="not_run", detail="" if filled.problem else str(program))
        return run_program(program, self.limits)


def _tell(
    pending: "set[Future[RowResult]]", on_row: Callable[[RowResult], None], wait_for: float | None = None
) -> None:
    """Tell of those that are done; without `wait_for`, of all, waiting for them."""
    while pending:
        done, _ = wait(pending, timeout=wait_for, return_when=FIRST_COMPLETED)
        if not done:
            return
        for future in done:
            on_row(future.result())
            pending.discard(future)


def check_sandbox(limits: Limits) -> bool:
    """Run a program that does nothing; whether the kernel confines it.

    Raises:
        RuntimeSetupError: it did not come to its end.
    """
    verdict = run_program(Program(source="pass"), limits)
    if verdict.ending != "passed":
        raise RuntimeSetupError(
            f"The sandbox can't run Python here (an empty program: {verdict.detail or verdict.ending}); "
            "try again with more --timeout and --memory, or on another machine."
        )
    return verdict.confined
