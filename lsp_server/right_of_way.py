"""Requests go first: background threads stand aside while one is taken in or answered.

Python threads share one interpreter. A thread that computes makes every other wait for its turn, again each
time the other has waited for anything; a request that passes through three threads pays three times.
"""

import time
from collections.abc import Callable

Pause = Callable[[], None]

CLEAR_S = 0.005
"""How long the way is kept clear: what a request's preparation, or its answer's, may take."""
_WORK_S = 0.0005
"""How long a background thread works before it lets others in."""
_REST_S = 0.0001
_LONGEST_S = 0.1
"""However many requests there are, a background thread gets on after this time."""


class RightOfWay:
    """What threads agree on. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._clear_until = 0.0

    def take(self) -> None:
        """A request has come, or the model's answer to one: keep clear for a few milliseconds."""
        self._clear_until = time.perf_counter() + CLEAR_S

    def pauses(self) -> Pause:
        """For one piece of background work: what it calls as often as it can, to let others go first."""
        began = time.perf_counter()

        def pause() -> None:
            nonlocal began
            now = time.perf_counter()
            if now >= self._clear_until and now - began < _WORK_S:
                return
            time.sleep(_REST_S)  # giving the interpreter up for a moment is what lets the others in
            latest = now + _LONGEST_S
            while (wait := min(self._clear_until, latest) - time.perf_counter()) > 0:
                time.sleep(wait)
            began = time.perf_counter()

        return pause


def no_pause() -> None:
    """The pause of work that somebody waits for."""
