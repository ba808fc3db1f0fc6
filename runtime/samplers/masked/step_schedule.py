"""How many steps a block is given, and which of them it is at."""

import math
from fractions import Fraction


class StepSchedule:
    """Counts the steps of the active block.

    Steps are planned for a whole canvas and shared out to its blocks by their masks. A block that gains
    masks on the way gets more steps in the same proportion.
    """

    def __init__(self, steps: int, slots: int) -> None:
        """`steps` for a canvas of `slots` slots; 0 steps stand for one a slot."""
        self._pace = Fraction(steps, slots) if steps else Fraction(1)
        self._start: int | None = None
        self._open = 0
        self.taken = 0
        """Steps taken in the active block."""
        self.slots = 0
        """Masks the active block began with, and those it gained since."""

    def planned(self, slots: int) -> int:
        """Steps for a block of `slots` masks, at least one."""
        return max(1, math.ceil(self._pace * slots))

    @property
    def total(self) -> int:
        """Steps planned for the active block, the one to take now included."""
        return max(self.planned(self.slots), self.taken + 1)

    @property
    def last(self) -> bool:
        """Whether the step to take now is the active block's last."""
        return self.taken + 1 >= self.total

    def enter(self, start: int, masks: int) -> None:
        """A pass over the block that begins at slot `start` and has `masks` slots to settle."""
        if start != self._start:
            self._start, self.taken, self.slots = start, 0, masks
        else:
            self.slots += max(0, masks - self._open)

    def leave(self, masks: int) -> None:
        """The pass is over and leaves `masks` slots to settle."""
        self._open = masks
