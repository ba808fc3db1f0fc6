"""The learning rate by step: warm up, stay, and fall to zero once the run is told to end.

A run goes in legs whose number is not known at first, so the decay is asked for by the last one. Where it
starts is kept in the run's state: the rate follows from step numbers alone, never from the clock.
"""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Schedule:
    """Warm-up, plateau, and a linear decay where one was asked for."""

    warmup_steps: int
    decay_start: int | None = None
    """First step of the decay."""
    decay_steps: int = 0

    def factor(self, step: int) -> float:
        """What the peak rate is multiplied by at a step."""
        rise = min(1.0, (step + 1) / self.warmup_steps)
        if self.decay_start is None or step < self.decay_start:
            return rise
        return rise * max(0.0, 1 - (step - self.decay_start + 1) / (self.decay_steps + 1))

    def ended(self, step: int) -> bool:
        """Whether the decay is over, and with it the run."""
        return self.decay_start is not None and step >= self.decay_start + self.decay_steps

    def end_within(self, steps: int, now: int) -> None:
        """Begin the decay now, unless it has begun."""
        if self.decay_start is None:
            self.decay_start, self.decay_steps = now, steps
