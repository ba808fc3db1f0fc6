"""What all masked samplers share: they settle block after block, within a bound.

A sampler says what one pass over a block does. Everything that must hold whatever it does stands here:
which block is next, how many passes there may be, and that the last of them leaves no mask.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from runtime.canvas import Canvas
from runtime.constraints.base import Constraint
from runtime.denoisers.base import MaskedDenoiser
from runtime.predictions import Predictions
from runtime.request import SlotState
from runtime.samplers.masked.block_grid import BlockGrid
from runtime.samplers.masked.plan import Plan
from runtime.samplers.masked.settings import Setting
from runtime.samplers.masked.token_choice import TokenChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One pass over a block, and what can be done with it."""

    canvas: Canvas
    block: range
    predictions: Predictions
    constraint: Constraint
    denoiser: MaskedDenoiser
    final: bool
    """The bound allows no pass after this one: every slot of the block has to be settled."""

    @property
    def open_slots(self) -> list[int]:
        """Slots of the block that are not committed."""
        return [slot for slot in self.block if self.canvas.states[slot] is not SlotState.COMMITTED]

    @property
    def closed_slots(self) -> list[int]:
        """Slots of the block that are committed."""
        return [slot for slot in self.block if self.canvas.states[slot] is SlotState.COMMITTED]


class BlockwiseSampler(ABC):
    """A masked sampler that works on one block at a time."""

    SETTINGS: ClassVar[Mapping[str, Setting]]
    """What it can be tuned by."""

    def __init__(self, plan: Plan, settings: Mapping[str, float]) -> None:
        """`settings` holds a value for each of `SETTINGS`."""
        self._settings = settings
        self._grid = BlockGrid(block_slots=plan.block_slots, origin=plan.origin)
        self._choice = TokenChoice(plan.temperature, plan.seed)
        self._passes = 0
        self._slots: int | None = None
        """Slots the canvas began with, and the masks it gained since."""
        self._open = 0
        self._cut = 0
        """Where the last block that was run to its end stopped."""
        self._final = False

    @abstractmethod
    def _most(self, slots: int) -> int:
        """The most passes that one block of `slots` masks takes."""

    @abstractmethod
    def _settle(self, turn: Turn) -> None:
        """Change the block's slots; a final turn commits them all."""

    def bound(self, slots: int) -> int:
        """The most passes that a canvas of `slots` masks takes (`MaskedSampler.bound`)."""
        return sum(self._most(len(block)) for block in self._grid.blocks(slots))

    def prepare(self, canvas: Canvas) -> range:
        """The first block that has a slot to settle."""
        open_slots = canvas.masked
        self._slots = (
            len(canvas) if self._slots is None else self._slots + max(0, len(open_slots) - self._open)
        )
        self._open = len(open_slots)
        block = self._grid.around(open_slots[0], len(canvas))
        if self._cut in block and self._cut <= open_slots[0]:
            # The model's own block ended inside this one, or the canvas went on after its end.
            block = range(self._cut, block.stop)
        else:
            self._cut = 0
        # Only changes of length lead to a final pass with more than one block to settle: masks that
        # were pushed over a block's border, where each block's passes had been counted already.
        self._final = self._passes + 1 >= self.bound(self._slots)
        if self._final:
            block = range(block.start, max(block.stop, open_slots[-1] + 1))
        return block

    def update(
        self,
        canvas: Canvas,
        block: range,
        predictions: Predictions,
        constraint: Constraint,
        denoiser: MaskedDenoiser,
    ) -> None:
        """Change slots of `block`, the prepared one or as much of its start as the model can run."""
        turn = Turn(
            canvas=canvas,
            block=block,
            predictions=predictions,
            constraint=constraint,
            denoiser=denoiser,
            final=self._final,
        )
        self._passes += 1
        if turn.open_slots:
            self._settle(turn)
        self._open = len(canvas.masked)
        if not turn.open_slots:
            self._cut = block.stop
