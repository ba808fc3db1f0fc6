"""Ratios that must not get worse: recorded ones, and what a run has for them.

Ratios of one run, never times: of two of our own cases, or of one and the peer's. Another machine has other
times and much the same ratios. Knows cases; does not know how they are measured.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lsp_server.cli.bench_case import Case
from runtime.errors import InputError, SpanfillError

PEER = "peer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """One case over another, or over the peer's figure for it."""

    case: str
    unit: str
    over: str
    """Another case of the same unit, or `peer`."""
    better: str
    """`lower` or `higher`."""
    slack: float
    """How much worse it may be than recorded, as a share: 0.25 allows a quarter."""
    recorded: float | None
    """None where it has not been measured yet; then it is told and fails nothing."""

    @property
    def name(self) -> str:
        """What it compares."""
        return f"{self.case} ({self.unit}) / {self.over}"

    @property
    def limit(self) -> float | None:
        """The worst value that passes."""
        if self.recorded is None:
            return None
        worse = 1 + self.slack
        return self.recorded * worse if self.better == "lower" else self.recorded / worse

    def worse(self, value: float) -> bool:
        """Whether a value is beyond the limit."""
        if self.limit is None:
            return False
        return value > self.limit if self.better == "lower" else value < self.limit


def load_ratios(path: Path) -> tuple[Ratio, ...]:
    """Read recorded ratios.

    Raises:
        InputError: the file can't be read, or has other keys.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["ratios"]
        return tuple(_ratio(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} can't be used as a file of ratios ({type(error).__name__}: {error}). "
            "benchmarks/ratios.json shows the form."
        ) from error


def _ratio(row: dict[str, Any]) -> Ratio:
    ratio = Ratio(**row)
    if ratio.better not in ("lower", "higher") or not ratio.slack >= 0:
        raise ValueError(f"{ratio.name}: `better` is lower or higher, and `slack` not negative")
    return ratio


def measured(ratio: Ratio, cases: Iterable[Case]) -> float | None:
    """A ratio in a run; None where the run has not both of its sides."""
    by_name = {(case.name, case.unit): case for case in cases}
    case = by_name.get((ratio.case, ratio.unit))
    if case is None:
        return None
    if ratio.over == PEER:
        return case.ratio
    other = by_name.get((ratio.over, ratio.unit))
    return case.ours / other.ours if other is not None and other.ours else None


def judge(ratios: Sequence[Ratio], cases: Sequence[Case]) -> None:
    """Compare a run with recorded ratios and say on stderr what each is.

    Raises:
        SpanfillError: one of them is worse than allowed, or none could be compared.
    """
    worse, compared = [], 0
    for ratio in ratios:
        value = measured(ratio, cases)
        if value is None or ratio.limit is None:
            why = "not measured in this run" if value is None else f"{value:.3f}, not recorded yet"
            print(f"{ratio.name}: {why}", file=sys.stderr)
            continue
        compared += 1
        verdict = "worse" if ratio.worse(value) else "ok"
        print(
            f"{ratio.name}: {value:.3f} (recorded {ratio.recorded:.3f}, limit {ratio.limit:.3f}) {verdict}",
            file=sys.stderr,
        )
        if ratio.worse(value):
            worse.append(ratio.name)
    if worse:
        raise SpanfillError(f"Slower than recorded: {'; '.join(worse)}.")
    if not compared:
        raise SpanfillError("This run has none of the recorded ratios: measure more of it.")


def record_ratios(path: Path, ratios: Sequence[Ratio], cases: Sequence[Case]) -> None:
    """Write a run's ratios over the recorded ones; what the run has not measured stays as it was.

    Raises:
        InputError: the file can't be written.
    """
    rows = []
    for ratio in ratios:
        value = measured(ratio, cases)
        rows.append(asdict(ratio if value is None else replace(ratio, recorded=float(f"{value:.4g}"))))
    try:
        path.write_text(json.dumps({"ratios": rows}, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} can't be written ({error}).") from error
