"""What a run of `spanfill bench` is asked to measure, and how it tells where it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Tell = Callable[[str, float], None]
"""Told what is being measured, and how much of that is done, from 0 to 1."""

CONTEXTS = (64, 128, 256, 512, 1024)
LEAST_CONTEXT, MOST_CONTEXT = 32, 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run."""

    model: str | None = None
    """By name or folder; None is the default model."""
    device: str = "auto"
    threads: int | None = None
    """Of the CPU, for both sides; None leaves the choice to ONNX Runtime."""
    repeat: int = 5
    """Runs that each median is taken of, at least."""
    contexts: tuple[int, ...] = CONTEXTS
    """Tokens of context around the lines that are written."""
    traces: tuple[Path, ...] = ()
    """Recorded typing to replay; empty takes those that come with spanfill."""
    typing_s: float = 60.0
    """How much of each trace is replayed."""
    soak_minutes: float = 0.0
    """Minutes of typing to replay without its idle time."""

    @property
    def settings(self) -> dict[str, object]:
        """The `model` settings of a server that is to be measured."""
        return {"name": self.model, "device": self.device, "threads": self.threads}
