"""Counts and times of a session, for `showStats`. They stay in memory and leave the machine never."""

import math
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from runtime import FillResult

_KEPT = 1000
SHARES = (50, 95, 99)
"""The percentiles that are told."""


class Ids:
    """Counts suggestions by their ids, each once: clients tell of one as often as they draw it."""

    def __init__(self) -> None:
        self.count = 0
        self._recent: deque[str] = deque(maxlen=_KEPT)

    def add(self, identifier: str) -> None:
        """Count a suggestion; one without an id is counted each time."""
        if identifier and identifier in self._recent:
            return
        self.count += 1
        self._recent.append(identifier)


@dataclass(slots=True)
class Statistics:
    """What has happened since the session began."""

    offered: Ids = field(default_factory=Ids)
    """Suggestions answered, the first of each list."""
    shown: Ids = field(default_factory=Ids)
    """Those of which the client says that they were on screen."""
    accepted: Ids = field(default_factory=Ids)
    rejected: Ids = field(default_factory=Ids)
    reused: int = 0
    """Answers from memory."""
    cancelled: int = 0
    fills: int = 0
    tokens: int = 0
    passes: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """Request in to answer out, the model's time included."""
    overheads_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """The same without the model's time and without pauses."""

    def add(self, result: FillResult, latency_ms: float, overhead_ms: float) -> None:
        """Count a finished fill."""
        self.fills += 1
        self.tokens += result.tokens
        self.passes += result.passes
        self.prompt_tokens += result.prompt_tokens
        self.cached_tokens += result.cached_tokens
        self.latencies_ms.append(latency_ms)
        self.overheads_ms.append(overhead_ms)

    def summary(self) -> dict[str, Any]:
        """Everything as JSON; rates are None where nothing was counted."""
        return {
            "fills": self.fills,
            "cancelled": self.cancelled,
            "reused": self.reused,
            "offered": self.offered.count,
            "shown": self.shown.count,
            "accepted": self.accepted.count,
            "rejected": self.rejected.count,
            # Many clients never say what they show; then what they were given counts.
            "acceptance": _rate(self.accepted.count, self.shown.count or self.offered.count),
            "tokensPerPass": _rate(self.tokens, self.passes),
            "cacheHits": _rate(self.cached_tokens, self.prompt_tokens),
            "latencyMs": percentiles(self.latencies_ms),
            "overheadMs": percentiles(self.overheads_ms),
        }


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def percentiles(values: Collection[float]) -> dict[str, float] | None:
    """`p50`, `p95` and `p99` by the nearest rank: each is one of the values. None where there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return {f"p{share}": round(ordered[math.ceil(len(ordered) * share / 100) - 1], 2) for share in SHARES}
