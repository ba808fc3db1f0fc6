"""How long to wait after a keystroke before the model is asked.

Someone who types fast does not look at suggestions between two keys, and a slow model should not be
started for a text that is gone before it answers. Pure arithmetic on times it is told.
"""

_SMOOTHING = 0.25
_LONGEST_INTERVAL_MS = 1000.0
_SHORTEST_MS, _LONGEST_MS = 20.0, 350.0
_SLOW_MODEL_MS = 400.0


class Pacing:
    """Smoothed typing interval and model latency."""

    def __init__(self) -> None:
        self._interval_ms = 180.0
        self._latency_ms = 300.0
        self._last_key_ms: float | None = None

    def key_pressed(self, now_ms: float) -> None:
        """Take note of an edit."""
        if self._last_key_ms is not None:
            interval = now_ms - self._last_key_ms
            if interval < _LONGEST_INTERVAL_MS:  # a longer one is a pause, not a typing speed
                self._interval_ms += _SMOOTHING * (interval - self._interval_ms)
        self._last_key_ms = now_ms

    def model_answered(self, latency_ms: float) -> None:
        """Take note of how long a fill took."""
        self._latency_ms += _SMOOTHING * (latency_ms - self._latency_ms)

    def delay_ms(self, now_ms: float, fixed_ms: float | None = None) -> float:
        """Time still to wait; counted from the last edit, so a request after a pause waits for nothing."""
        if fixed_ms is not None:
            wait = fixed_ms
        else:
            # A fast model may be asked between keys; a slow one only once the typing seems to have paused.
            slowness = min(1.0, self._latency_ms / _SLOW_MODEL_MS)
            wait = min(_LONGEST_MS, max(_SHORTEST_MS, 1.2 * self._interval_ms * slowness))
        if self._last_key_ms is None:
            return 0.0
        return max(0.0, wait - (now_ms - self._last_key_ms))
