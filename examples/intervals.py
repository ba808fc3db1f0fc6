"""Half-open intervals of numbers: booking calendars, byte ranges, log windows."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Interval:
    """From `start` up to, and without, `end`."""

    start: float
    end: float

    @property
    def length(self) -> float:
        """How much the interval spans."""
        return self.end - self.start

    def overlaps(self, other: "Interval") -> bool:
        """Whether the two have a point in common."""
        return self.start < other.end and other.start < self.end

    def touches(self, other: "Interval") -> bool:
        """Whether the two overlap or meet end to start."""
        return self.start <= other.end and other.start <= self.end


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The fewest intervals that cover the same points, in order; those that touch become one."""
    result: list[Interval] = []
    for interval in sorted(intervals):
        if result and result[-1].touches(interval):
            result[-1] = Interval(result[-1].start, max(result[-1].end, interval.end))
        else:
            result.append(interval)
    return result


def total_length(intervals: Iterable[Interval]) -> float:
    """How much the intervals cover, points that several of them have counted once."""
    return sum(interval.length for interval in merged(intervals))


def gaps(intervals: Iterable[Interval], within: Interval) -> list[Interval]:
    """What the intervals leave free of `within`, in order."""
    free = []
    reached = within.start
    for interval in merged(intervals):
        if interval.start > reached:
            free.append(Interval(reached, min(interval.start, within.end)))
        reached = max(reached, interval.end)
    if reached < within.end:
        free.append(Interval(reached, within.end))
    return free
