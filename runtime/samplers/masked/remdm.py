"""ReMDM, re-masking diffusion: committed slots become masks again by chance.

Source: Remasking Discrete Diffusion Models with Inference-Time Scaling (arXiv 2503.00307) and the
authors' code, kuleshov-group/remdm. alpha is the share of slots that are shown; time runs from 1 to 0 in
N equal steps, step i from t = 1 - i/N to s = 1 - (i + 1)/N.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from runtime.errors import UsageError
from runtime.samplers.masked.blockwise import Turn
from runtime.samplers.masked.plan import Plan
from runtime.samplers.masked.scheduled import STEPS, ScheduledSampler
from runtime.samplers.masked.settings import Setting
from runtime.samplers.masked.settling import ranked, settle
from runtime.samplers.masked.token_choice import Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The schedule at one step."""

    time: float
    """t"""
    shown: float
    """alpha at t"""
    shown_next: float
    """alpha at s"""

    @property
    def most(self) -> float:
        """The greatest sigma for which the step is a distribution: min(1, (1 - alpha_s)/alpha_t)."""
        hidden_next = 1 - self.shown_next
        return min(1.0, hidden_next / self.shown) if self.shown > 0 else float(hidden_next > 0)


class Remdm(ScheduledSampler):
    """One step commits some masks and masks some committed slots again; subclasses set sigma.

    A mask is committed with probability (alpha_s - (1 - sigma) · alpha_t)/(1 - alpha_t), a committed slot
    masked again with probability sigma. The last step has alpha_s = 1, so sigma = 0 and every mask is
    committed; the authors' loop stops just before that and takes one more pass for what is left.
    """

    RESTLESS: ClassVar[bool] = True

    def _shown(self, time: float) -> float:
        """alpha, here of the linear schedule."""
        return 1 - time

    @abstractmethod
    def _remasking(self, moment: Moment, confidences: Sequence[float]) -> tuple[float, list[float]]:
        """sigma of masks, and sigma of each committed slot.

        `confidences`: the probability that each committed slot's token had when it was committed.
        """

    def _moment(self, *, final: bool) -> Moment:
        taken, total = self._schedule.taken, self._schedule.total
        time, next_time = (total - taken) / total, (total - taken - 1) / total
        # A change of length can make a step the last that the schedule has further ahead.
        shown_next = 1.0 if final else self._shown(next_time)
        return Moment(time=time, shown=self._shown(time), shown_next=shown_next)

    def _step(self, turn: Turn, offers: Sequence[Offer], *, final: bool) -> bool:
        canvas, moment = turn.canvas, self._moment(final=final)
        closed = turn.closed_slots
        masked, committed = self._remasking(moment, [math.exp(canvas.logprobs[slot]) for slot in closed])
        commit = (moment.shown_next - (1 - masked) * moment.shown) / (1 - moment.shown)
        chances = dict(zip(turn.block, self._choice.draw(len(turn.block)), strict=True))
        doubtful = [slot for slot, sigma in zip(closed, committed, strict=True) if chances[slot] < sigma]
        for slot in doubtful:
            canvas.remask(slot)
        best = ranked(offers, lambda offer: offer.probability)
        picked = [offer for offer in best if final or chances[offer.slot] < commit]
        others = [offer for offer in best if chances[offer.slot] >= commit]
        return settle(canvas, picked, others, turn.constraint, final=final) > 0 or bool(doubtful)


def _eta(default: float, meaning: str) -> Setting:
    return Setting(default=default, low=0, high=1, meaning=f"{meaning} (eta)")


class RemdmCap(Remdm):
    """sigma = min(eta, sigma_max): the same small chance in each step, as far as it is possible.

    eta is the authors' for 1,024 steps; fewer steps want more.
    """

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "steps": STEPS,
        "eta": _eta(0.008, "the greatest chance that a step masks a committed slot"),
    }

    def _remasking(self, moment: Moment, confidences: Sequence[float]) -> tuple[float, list[float]]:
        sigma = min(self._settings["eta"], moment.most)
        return sigma, [sigma] * len(confidences)


class RemdmRescale(Remdm):
    """sigma = eta · sigma_max: the same share of the greatest possible chance."""

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "steps": STEPS,
        "eta": _eta(0.015, "share of the greatest possible chance that a committed slot is masked again"),
    }

    def _remasking(self, moment: Moment, confidences: Sequence[float]) -> tuple[float, list[float]]:
        sigma = self._settings["eta"] * moment.most
        return sigma, [sigma] * len(confidences)


class RemdmConf(Remdm):
    """sigma_l = sigma_max · exp(-psi_l)/Σ exp(-psi): what was unsure is the likelier to be masked again.

    psi_l is the probability of slot l's token when it was committed; the sum is over the block's
    committed slots. Masks have sigma = 0.
    """

    def _remasking(self, moment: Moment, confidences: Sequence[float]) -> tuple[float, list[float]]:
        weights = [math.exp(-confidence) for confidence in confidences]
        total = sum(weights)
        return 0.0, [moment.most * weight / total for weight in weights]


class RemdmLoop(Remdm):
    """Reveals up to alpha_on, goes on re-masking and committing at that level, then reveals the rest.

    alpha rises from 0 to alpha_on while t falls from 1 to t_on, stays there until t_off, and rises to 1 at
    t = 0. sigma = eta in between and 0 outside. A step over a border takes alpha as it is at its two ends.
    """

    SETTINGS: ClassVar[Mapping[str, Setting]] = {
        "steps": STEPS,
        "eta": _eta(0.02, "chance that a step of the loop masks a committed slot"),
        "t_on": Setting(default=0.55, low=0.01, high=0.99, meaning="time at which the loop begins"),
        "t_off": Setting(default=0.05, low=0.01, high=0.99, meaning="time at which the loop ends"),
        "alpha_on": Setting(default=0.9, low=0.01, high=0.99, meaning="share of slots shown in the loop"),
    }

    def __init__(self, plan: Plan, settings: Mapping[str, float]) -> None:
        super().__init__(plan, settings)
        if settings["t_off"] > settings["t_on"]:
            raise UsageError(
                f"The setting 't_off' of the sampler 'remdm-loop' must be 't_on' at most: "
                f"time runs down, and {settings['t_off']!r} comes before {settings['t_on']!r}."
            )

    def _shown(self, time: float) -> float:
        on, off, level = self._settings["t_on"], self._settings["t_off"], self._settings["alpha_on"]
        if time > on:
            return (1 - time) / (1 - on) * level
        return level if time > off else 1 - time / off * (1 - level)

    def _remasking(self, moment: Moment, confidences: Sequence[float]) -> tuple[float, list[float]]:
        looping = self._settings["t_off"] < moment.time <= self._settings["t_on"]
        sigma = min(self._settings["eta"], moment.most) if looping else 0.0
        return sigma, [sigma] * len(confidences)
