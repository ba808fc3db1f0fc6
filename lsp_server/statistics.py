"""Counts and times of a session, for `showStats`. They stay in memory and leave the machine never."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from runtime import FillResult

_KEPT = 1000


@dataclass(slots=True)
class Statistics:
    """What has happened since the session began."""

    shown: int = 0
    accepted: int = 0
    rejected: int = 0
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
            "shown": self.shown,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "acceptance": _rate(self.accepted, self.shown),
            "tokensPerPass": _rate(self.tokens, self.passes),
            "cacheHits": _rate(self.cached_tokens, self.prompt_tokens),
            "latencyMs": _percentiles(self.latencies_ms),
            "overheadMs": _percentiles(self.overheads_ms),
        }


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _percentiles(values: deque[float]) -> dict[str, float] | None:
    if not values:
        return None
    ordered = sorted(values)
    return {f"p{share}": round(ordered[(len(ordered) - 1) * share // 100], 2) for share in (50, 95, 99)}
