"""When something that failed may be tried again: later after each failure in a row."""

import time
from collections.abc import Callable


class Backoff:
    """Waiting times that double from `first_s` up to `last_s` seconds until something succeeds."""

    def __init__(
        self, first_s: float = 2.0, last_s: float = 300.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._first_s, self._last_s = first_s, last_s
        self._clock = clock
        self._failures = 0
        self._until = 0.0

    @property
    def waiting_s(self) -> float:
        """Seconds until the next try is due; 0 where it is."""
        return max(0.0, self._until - self._clock())

    def failed(self) -> None:
        """Take note of a failure."""
        delay = min(self._last_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        self._until = self._clock() + delay

    def reset(self) -> None:
        """Take note of a success, or of a change after which the next try need not wait."""
        self._failures, self._until = 0, 0.0
