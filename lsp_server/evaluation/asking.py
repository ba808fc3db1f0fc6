"""From a task to what the engine is asked, as an editor's user would ask it.

The mode comes from the task's kind and from the code around the hole, never from the solution: that would
tell its length.
"""

from dataclasses import dataclass, field

from lsp_server.evaluation.tasks import Task
from lsp_server.fill_requests import encodable
from lsp_server.holes import cursor_mode
from lsp_server.languages import language_by_id
from lsp_server.syntax import parse
from runtime import FillRequest, Mode

_OF_KIND: dict[str, Mode] = {"SingleLineInfilling": "line", "RandomSpanInfilling": "region"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What every task of a run is asked with; the fields are those of `FillRequest`."""

    mode: Mode | None = None
    """None takes the mode of each task, `mode_of`."""
    layout: str = "auto"
    sampler: str | None = None
    settings: dict[str, float] = field(default_factory=dict)
    length: str | None = None
    """`oracle` alone: each task tells its own length."""
    cache: str | None = None
    constraint: str = "none"
    temperature: float = 0.0
    max_tokens: int = 256
    seed: int = 0


def mode_of(task: Task) -> Mode:
    """What an editor's user would ask for: a line, a region, a block, or a function's whole body.

    Kinds that end in `Light` are the shortened versions of the others. Where a hole of lines is all of a
    function's body, the code around it shows it: there is no statement but a docstring.
    """
    kind = task.kind.removesuffix("Light")
    if kind in _OF_KIND:
        return _OF_KIND[kind]
    text, offset, language = task.prefix + task.suffix, len(task.prefix), language_by_id(task.language)
    found = cursor_mode(text, offset, language, lambda: parse(text, language))
    return "function" if found == "function" else "block"


def request_of(task: Task, asking: Asking, true_tokens: int) -> FillRequest:
    """`true_tokens`: the solution's length, used by the length policy `oracle` alone."""
    return FillRequest(
        prefix=encodable(task.prefix),
        suffix=encodable(task.suffix),
        mode=asking.mode or mode_of(task),
        layout=asking.layout,
        language=task.language,
        max_tokens=asking.max_tokens,
        sampler=asking.sampler,
        settings=asking.settings,
        length=f"oracle:{max(true_tokens, 1)}" if asking.length == "oracle" else asking.length,
        cache=asking.cache,
        constraint=asking.constraint,
        temperature=asking.temperature,
        seed=asking.seed,
    )
