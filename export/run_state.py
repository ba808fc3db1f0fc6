"""What every training run needs of the disk and the system: its state, its log, a way to be stopped.

Knows files and signals; does not know what is trained.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from runtime.errors import InputError


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write a run's state; an interrupted write leaves the one before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_state(path: Path) -> dict[str, Any]:
    """A run's state, read as data.

    Raises:
        InputError: the file is damaged.
    """
    try:
        return dict(torch.load(path, weights_only=True))
    except Exception as error:  # torch raises whatever its unpickler meets
        raise InputError(
            f"The run's state {path} is damaged ({error}). Remove it to start the run again."
        ) from error


def log_row(path: Path, row: dict[str, Any]) -> None:
    """Add a row to a log of JSON lines."""
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(row) + "\n")


def forget_log_after(path: Path, step: int) -> None:
    """Drop the rows of steps that a resumed run is going to take again."""
    if path.is_file():
        rows = [line for line in path.read_text().splitlines() if json.loads(line)["step"] <= step]
        path.write_text("".join(f"{line}\n" for line in rows))


@contextmanager
def interruptible() -> Iterator[list[int]]:
    """A list that stays empty until the user or the system asks the process to stop."""
    received: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        received.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
