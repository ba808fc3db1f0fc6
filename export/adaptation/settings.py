"""Everything a run's result depends on, the clock aside. Knows no tensors."""

from dataclasses import dataclass
from typing import Literal

from export.adapter import PROJECTIONS
from runtime.errors import UsageError

Attention = Literal["causal", "bidirectional"]
"""What the masks behind one anchor see of each other."""

Teacher = Literal["own", "base"]
"""Whose answers the masks learn to give: the adapted model's, which will verify them, or the base's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The choices of one run; the defaults are those of the shipped adapter."""

    rank: int = 16
    """Width of the adapters."""
    projections: tuple[str, ...] = PROJECTIONS
    """Which of a layer's four matrices have one."""
    slots: int = 4
    """Masks behind an anchor."""
    attention: Attention = "causal"
    """The exported graph attends causally; `bidirectional` is there to measure what that costs."""
    teacher: Teacher = "own"
    anchors: int = 32
    """Most anchors of an example; each costs `slots` tokens."""
    examples: int = 8
    """Examples of a step."""
    own_share: float = 0.0
    """Share of the examples whose spans the model wrote itself (`rewrite`), not the files' authors."""
    learning_rate: float = 1e-3
    """Peak rate of AdamW."""
    warmup_steps: int = 20
    slot_decay: float = 0.8
    """Each further slot weighs this much of the one before: it is used only where that one was right."""
    next_weight: float = 0.3
    """Weight of the next-token loss; the masks' loss has weight 1."""
    keep_weight: float = 0.5
    """Share of the next-token loss that pulls towards the base's own answers, so that nothing is forgotten.
    Where the text ends the truth alone counts: that is what the base is to learn."""
    shortlist: int = 16_384
    """Vocabulary rows that the losses look at: the most frequent ones, and a step's own targets."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("rank", "slots", "anchors", "examples", "shortlist", "warmup_steps"):
            if getattr(self, name) < 1:
                raise UsageError(f"--{name.replace('_', '-')} must be at least 1.")
        unknown = [name for name in self.projections if name not in PROJECTIONS]
        if unknown or not self.projections:
            raise UsageError(f"--projections takes some of {', '.join(PROJECTIONS)}.")
        for name in ("own_share", "keep_weight"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"--{name.replace('_', '-')} must be between 0 and 1.")
        if not (self.learning_rate > 0 and self.slot_decay > 0 and self.next_weight >= 0):
            raise UsageError("The learning rate and the slots' decay must be greater than zero.")

    @property
    def needs_base(self) -> bool:
        """Whether a step asks the base for its answers on the span as well."""
        return self.teacher == "base" or (self.keep_weight > 0 and self.next_weight > 0)
