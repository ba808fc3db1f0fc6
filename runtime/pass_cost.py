"""What a pass costs by width on this machine, and which draft width that makes best."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

log = logging.getLogger(__name__)

WIDTHS = (2, 4, 8, 16, 32)
ROUNDS = 3
DEFAULT_MS = (30.0, 34.0, 48.0, 78.0, 130.0)
"""Until measured: an int8 model of 0.5 B weights on two AVX2 cores (docs/LOG.md)."""

STEADY_SPREAD = 1.5
"""Rounds that differ by more than this factor were disturbed; their result is used but not kept."""

MAX_DRAFTS = WIDTHS[-1] - 1


class PassCost:
    """Milliseconds of a pass by the number of tokens in it, linear between the measured widths."""

    def __init__(
        self, milliseconds: Sequence[float] = DEFAULT_MS, *, measured: bool = False, steady: bool = True
    ) -> None:
        # A wider pass is never cheaper; what looks so is noise.
        self._ms = np.maximum.accumulate(np.asarray(milliseconds, np.float64))
        self.measured = measured
        self.steady = steady
        """False where the machine was busy during the measurement."""

    def ms(self, width: int) -> float:
        """Cost of a pass of `width` tokens."""
        return float(np.interp(width, WIDTHS, self._ms))

    @property
    def by_width(self) -> dict[int, float]:
        """The measured points."""
        return {width: round(float(ms), 2) for width, ms in zip(WIDTHS, self._ms, strict=True)}

    def best_drafts(self, chances: Sequence[float]) -> int:
        """How many drafts to run when draft i is right with chance i, given those before it.

        Maximises expected committed tokens per millisecond.
        """
        expected, survives = 1.0, 1.0
        best, best_rate = 0, 1.0 / self.ms(1)
        for count, chance in enumerate(chances[:MAX_DRAFTS], start=1):
            survives *= chance
            expected += survives
            rate = expected / self.ms(count + 1)
            if rate > best_rate:
                best, best_rate = count, rate
        return best


def measure(run: Callable[[int], None]) -> PassCost:
    """Time `run`, a throw-away pass of a width, for every width; takes about a second on a CPU."""
    run(WIDTHS[-1])  # the first pass allocates
    best, steady = [], True
    for width in WIDTHS:
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            run(width)
            times.append((time.perf_counter() - start) * 1e3)
        # The quickest: what other programs take of the machine is not the pass's cost.
        best.append(min(times))
        steady = steady and max(times) < STEADY_SPREAD * min(times)
    return PassCost(best, measured=True, steady=steady)


def load(path: Path, key: str) -> PassCost | None:
    """The cost measured earlier for the same model, device and runtime; None where there is none."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["key"] != key or len(raw["ms"]) != len(WIDTHS):
            return None
        return PassCost([float(value) for value in raw["ms"]], measured=True)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(cost: PassCost, path: Path, key: str) -> None:
    """Remember a measurement; failing to is no reason to stop."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"key": key, "ms": list(cost.by_width.values())}), encoding="utf-8")
    except OSError as error:
        log.info("the measured pass cost was not saved: %s", error)
