"""Shows the stages of a long job on stderr: a bar on a terminal, one line per stage elsewhere.

Knows labels and fractions; does not know what is being done.
"""

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeRemainingColumn


class StageBar:
    """A context manager to call with a stage's label and how much of it is done, from 0 to 1."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = self._console.is_terminal
        self._label = ""
        self._task: TaskID | None = None
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=self._console,
        )

    def __enter__(self) -> Self:
        if self._live:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._bars.stop()

    def __call__(self, label: str, fraction: float) -> None:
        """Show `fraction` of the stage `label`; a new label ends the stage before."""
        new = label != self._label
        self._label = label
        if not self._live:
            if new:
                print(label, file=sys.stderr, flush=True)
            return
        if new or self._task is None:
            if self._task is not None:
                self._bars.update(self._task, completed=1.0)
            self._task = self._bars.add_task(label[:1].upper() + label[1:], total=1.0)
        self._bars.update(self._task, completed=fraction)
