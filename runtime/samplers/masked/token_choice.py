"""What a slot could take: the model's candidates, in the order in which they are tried."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from runtime.predictions import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the model says about one slot."""

    slot: int
    ids: list[int]
    """(k,) the likeliest tokens, the likeliest first."""
    logprobs: list[float]
    """(k,) natural logarithms, of the model's own distribution whatever the temperature."""
    entropy: float
    """Of the whole distribution, in nats."""
    order: list[int]
    """Indices of candidates, the one to try first in front."""

    @property
    def probability(self) -> float:
        """Of the candidate that is tried first."""
        return math.exp(self.logprobs[self.order[0]])

    @property
    def margin(self) -> float:
        """How far the likeliest candidate is ahead of the second, in probability."""
        first, *others = self.logprobs
        return math.exp(first) - (math.exp(others[0]) if others else 0.0)


class TokenChoice:
    """Puts candidates in order, by likelihood or by chance; the only source of chance in a sampler."""

    def __init__(self, temperature: float, seed: int) -> None:
        """Temperature 0 tries the likeliest first; above it, candidates are drawn without replacement.

        Drawing adds Gumbel noise to log p / temperature, in float64, for coarser noise sharpens the
        distribution (arXiv 2409.02908). Only the k candidates take part.
        """
        self._temperature = temperature
        self._chance = np.random.default_rng(seed)

    def offers(self, predictions: Predictions, block: range, slots: Iterable[int]) -> list[Offer]:
        """One offer for each of `slots`; row i of `predictions` is for slot `block.start + i`."""
        return [self._offer(predictions, slot - block.start, slot) for slot in slots]

    def _offer(self, predictions: Predictions, row: int, slot: int) -> Offer:
        logprobs = predictions.top_logprobs[row].astype(np.float64)
        keys = logprobs
        if self._temperature > 0:
            keys = logprobs / self._temperature + self._chance.gumbel(size=len(logprobs))
        order = np.argsort(-keys, kind="stable").tolist()
        return Offer(
            slot=slot,
            ids=predictions.top_ids[row].tolist(),
            logprobs=logprobs.tolist(),
            entropy=float(predictions.entropy[row]),
            # What the model gives no chance at all is no candidate, unless there is nothing else.
            order=[index for index in order if logprobs[index] > -np.inf] or order,
        )

    def draw(self, count: int) -> list[float]:
        """`count` numbers of the uniform distribution over [0, 1)."""
        return [float(chance) for chance in self._chance.random(count)]
