"""The learning rate over a run: warm-up, a plateau, and a decay that fits the time there is.

Knows steps and seconds; does not know the model.
"""

from collections import deque
from dataclasses import dataclass, field

DECAY_SHARE = 0.3
"""Share of the run that the decay takes. What is gained by it outweighs the plateau it costs."""

PACE_STEPS = 100
"""Steps whose pace gives the decay its length: a slow hour before says nothing of the minutes to come."""


@dataclass(slots=True, kw_only=True)
class Schedule:
    """Warm-up, plateau, linear decay to zero.

    With `steps` all is decided beforehand. With `minutes` the clock decides one thing alone, when the decay
    starts; how many steps it takes is then fixed, so a run can be repeated exactly with `steps`
    and `decay_start` once these are known.
    """

    warmup_steps: int
    steps: int | None = None
    """Steps in all; with `minutes`, set when the decay starts."""
    minutes: float | None = None
    """Time in all, that of resumed runs added up."""
    decay_start: int | None = None
    """First step of the decay; with `minutes`, set when the time comes."""
    _looks: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=PACE_STEPS + 1), init=False)

    def __post_init__(self) -> None:
        if self.steps is not None and self.decay_start is None:
            self.decay_start = round(self.steps * (1 - DECAY_SHARE))

    def look_at_clock(self, step: int, elapsed_s: float) -> None:
        """Start the decay if it is time: `elapsed_s` seconds have gone into the first `step` steps."""
        if self.steps is not None or self.minutes is None or step == 0:
            return
        self._looks.append((step, elapsed_s))
        whole_s = self.minutes * 60
        if elapsed_s >= (1 - DECAY_SHARE) * whole_s:
            # A run that was just resumed has its average alone to go by.
            before = self._looks[0] if len(self._looks) > PACE_STEPS else (0, 0.0)
            steps_per_s = (step - before[0]) / max(1e-9, elapsed_s - before[1])
            self.decay_start = step
            self.steps = step + max(1, round((whole_s - elapsed_s) * steps_per_s))

    def factor(self, step: int) -> float:
        """Share of the peak rate that applies to a step, from 0."""
        warm = min(1.0, (step + 1) / self.warmup_steps)
        if self.steps is None or self.decay_start is None or step < self.decay_start:
            return warm
        return warm * max(0.0, (self.steps - step) / max(1, self.steps - self.decay_start))

    def ended(self, step: int) -> bool:
        """Whether all steps before `step` were all there are."""
        return self.steps is not None and step >= self.steps
