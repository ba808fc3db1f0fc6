"""One measured thing, and what of its samples is told."""

import statistics
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from lsp_server.statistics import percentiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A name, a unit, a median, and the samples it is the median of."""

    name: str
    unit: str
    ours: float
    better: str = "lower"
    """`lower` or `higher`."""
    samples: tuple[float, ...] = ()
    """Empty where a single number was taken."""

    @classmethod
    def of(cls, name: str, unit: str, samples: Collection[float], better: str = "lower") -> "Case":
        """The case of at least one sample."""
        return cls(
            name=name, unit=unit, ours=statistics.median(samples), better=better, samples=tuple(samples)
        )

    def row(self) -> dict[str, Any]:
        """The case as JSON. Percentiles are of the nearest rank; p95 and p99 are the slow end of times."""
        told: dict[str, Any] = {
            "name": self.name,
            "unit": self.unit,
            "better": self.better,
            "ours": round(self.ours, 2),
            "peer": None,
            "ratio": None,
        }
        spread = percentiles(self.samples)
        if spread is not None:
            told |= {**spread, "n": len(self.samples)}
        return told
