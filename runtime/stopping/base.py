"""A stop rule, and the first of several to apply."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from runtime.request import StopReason


@dataclass(frozen=True, slots=True)
class Stop:
    """The text ends before character `cut`."""

    cut: int
    reason: StopReason


class StopRule(Protocol):
    """Looks at all the text in the hole so far."""

    def check(self, text: str, done: bool) -> Stop | None:
        """Where `text` ends, or None while it may go on. `done`: nothing will follow."""
        ...


def first_stop(rules: Iterable[StopRule], text: str, done: bool) -> Stop | None:
    """The earliest cut that any rule asks for."""
    stops = [stop for rule in rules if (stop := rule.check(text, done)) is not None]
    return min(stops, key=lambda stop: stop.cut, default=None)
