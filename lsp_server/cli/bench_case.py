"""One measured thing, what it is compared with, and what of the samples is told."""

import statistics
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from lsp_server.statistics import percentiles

Better = Literal["lower", "higher", ""]
"""Which way is better; empty where a number only tells what happened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A name, a unit, a median, and the samples it is the median of."""

    name: str
    unit: str
    ours: float
    better: Better = "lower"
    samples: tuple[float, ...] = ()
    """Empty where a single number was taken."""
    peer: float | None = None
    """The peer's median in the same run; None where nothing was compared with."""

    @classmethod
    def of(
        cls,
        name: str,
        unit: str,
        samples: Collection[float],
        better: Better = "lower",
        peer: Collection[float] = (),
    ) -> "Case":
        """The case of at least one sample, and of the peer's, if there are any."""
        return cls(
            name=name,
            unit=unit,
            ours=statistics.median(samples),
            better=better,
            samples=tuple(samples),
            peer=statistics.median(peer) if peer else None,
        )

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's."""
        return self.ours / self.peer if self.peer else None

    def row(self) -> dict[str, Any]:
        """The case as JSON. Percentiles are of the nearest rank; p95 and p99 are the slow end of times."""
        told: dict[str, Any] = {
            "name": self.name,
            "unit": self.unit,
            "better": self.better,
            "ours": round(self.ours, 2),
            "peer": None if self.peer is None else round(self.peer, 2),
            "ratio": None if self.ratio is None else round(self.ratio, 3),
        }
        spread = percentiles(self.samples)
        if spread is not None:
            told |= {**spread, "n": len(self.samples)}
        return told
