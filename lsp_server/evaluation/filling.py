"""Where the texts come from: the engine, or the tasks' own solutions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lsp_server.evaluation.asking import Asking, mode_of, request_of
from lsp_server.evaluation.tasks import Task
from runtime import FillRequest, UsageError

if TYPE_CHECKING:
    from runtime import FillEngine

Fill = Callable[[Task], "Filled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A text for a task's hole, and what it cost."""

    text: str
    mode: str
    stop_reason: str = ""
    tokens: int = 0
    passes: int = 0
    ms: float = 0.0
    mean_logprob: float = 0.0
    problem: str = ""
    """Why there is no text; empty where there is one."""


class ModelFill:
    """Asks the engine for each task's text."""

    def __init__(self, engine: "FillEngine", asking: Asking) -> None:
        """Fills a line of its own first, which warms the model up.

        Raises:
            UsageError: the model can't be asked in this way.
        """
        self._engine = engine
        self._asking = asking
        warm = Task(
            id="warm-up",
            form="human-eval-infilling",
            language="python",
            prefix="def double(number):\n    return ",
            suffix="\n",
            solution="number * 2",
            test="",
            entry_point="double",
        )
        result = engine.complete(self._request(warm, max_tokens=4))
        self.sampler, self.length, self.cache = result.sampler, result.length_policy, result.cache_policy

    def _request(self, task: Task, *, max_tokens: int | None = None) -> FillRequest:
        length = self._engine.count_tokens(task.solution) if self._asking.length == "oracle" else 1
        request = request_of(task, self._asking, length)
        return request if max_tokens is None else replace(request, max_tokens=max_tokens)

    def __call__(self, task: Task) -> Filled:
        """Fill one hole; a text that is too long for the model is the row's misfortune, not the run's."""
        request = self._request(task)
        try:
            result = self._engine.complete(request)
        except UsageError as error:
            return Filled(text="", mode=request.mode, problem=str(error))
        return Filled(
            text=_with_eol_of(task, result.text),
            mode=request.mode,
            stop_reason=result.stop_reason,
            tokens=result.tokens,
            passes=result.passes,
            ms=result.total_ms,
            mean_logprob=result.mean_logprob,
        )


def _with_eol_of(task: Task, text: str) -> str:
    """The text with the line breaks that the code around it has, as an editor would insert it."""
    if "\r\n" not in task.prefix + task.suffix:
        return text
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


def gold_fill(task: Task) -> Filled:
    """The solution itself: every one must pass, or the evaluator or the file is wrong."""
    return Filled(text=task.solution, mode=mode_of(task))
