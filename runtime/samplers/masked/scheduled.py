"""Samplers that settle a block in a planned number of steps."""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from runtime.samplers.masked.blockwise import BlockwiseSampler, Turn
from runtime.samplers.masked.plan import Plan
from runtime.samplers.masked.settings import Setting
from runtime.samplers.masked.step_schedule import StepSchedule
from runtime.samplers.masked.token_choice import Offer

STEPS = Setting(
    default=0,
    low=0,
    high=65536,
    whole=True,
    meaning="steps for the canvas as it is at the start; 0 takes one a slot",
)


class ScheduledSampler(BlockwiseSampler):
    """Each pass takes one step of the block's schedule, or several if the first ones change nothing.

    A step that changes nothing leaves the model's input as it was, so the next one may take the same
    answer: the canvases are those of the published loops, without their idle passes.
    """

    SETTINGS: ClassVar[Mapping[str, Setting]] = {"steps": STEPS}
    RESTLESS: ClassVar[bool] = False
    """Whether steps go on where a block is full before its last one; they may mask slots again."""

    def __init__(self, plan: Plan, settings: Mapping[str, float]) -> None:
        super().__init__(plan, settings)
        self._schedule = StepSchedule(math.floor(settings["steps"]), max(plan.slots, 1))

    def _most(self, slots: int) -> int:
        return self._schedule.planned(slots)

    def _offers(self, turn: Turn) -> list[Offer]:
        """What the steps of one pass choose from."""
        return self._choice.offers(turn.predictions, turn.block, turn.open_slots)

    @abstractmethod
    def _step(self, turn: Turn, offers: Sequence[Offer], *, final: bool) -> bool:
        """Take the step `self._schedule.taken`; returns whether the canvas changed.

        A `final` step commits every slot of the block.
        """

    def _settle(self, turn: Turn) -> None:
        schedule = self._schedule
        schedule.enter(turn.block.start, len(turn.open_slots))
        offers = self._offers(turn)
        while True:
            final = turn.final or schedule.last
            changed = self._step(turn, offers, final=final)
            schedule.taken += 1
            if final or (changed and (turn.open_slots or not self.RESTLESS)):
                break
            if changed:
                # A full block leaves nothing to predict: its next steps need no answer.
                offers = []
        schedule.leave(len(turn.open_slots))
