"""Decoding with a masked model: every slot of a block at once, settled in any order."""

from collections.abc import Callable

from runtime.canvas import Canvas
from runtime.constraints.base import Constraint
from runtime.decoding.ending import Ending
from runtime.denoisers.base import MaskedDenoiser
from runtime.lengths.base import LengthPolicy
from runtime.request import StopReason
from runtime.samplers.masked.base import MaskedSampler


class MaskedDecoding:
    """Runs the sampler's block, lets the length policy change the canvas, until no mask is left."""

    def __init__(
        self,
        denoiser: MaskedDenoiser,
        sampler: Callable[[int], MaskedSampler],
        length: LengthPolicy,
        constraint: Constraint,
        ending: Ending,
        *,
        unwritten: frozenset[int],
        limit: int,
    ) -> None:
        """`sampler` is made for the slots the canvas begins with; `unwritten` tokens are not text."""
        self._denoiser = denoiser
        self._length = length
        self._constraint = constraint
        self._ending = ending
        self._unwritten = unwritten
        self._limit = limit
        self.canvas: Canvas = length.start(denoiser, limit)
        self._sampler = sampler(len(self.canvas))

    @property
    def passes(self) -> int:
        """Passes so far, those that sought the length or looked a second time included."""
        return self._denoiser.passes

    def ended(self) -> tuple[str, StopReason] | None:
        """Where the policy wants no slot at all."""
        return None if self.canvas.masked else self._finish()

    def step(self) -> tuple[str, StopReason | None]:
        """Run one block's pass."""
        canvas = self.canvas
        block = self._denoiser.aligned(self._sampler.prepare(canvas))
        predictions = self._denoiser.predict(canvas, block)
        self._sampler.update(canvas, block, predictions, self._constraint, self._denoiser)
        self._length.update(canvas, block, predictions, self._limit)
        if not canvas.masked:
            return self._finish()
        settled = self._written(canvas.committed)
        return (self._ending.look(settled)[0] if settled else ""), None

    def _finish(self) -> tuple[str, StopReason]:
        """The whole text, cut where it runs into what follows it."""
        tokens = self._written(self.canvas.ids)
        text = ""
        for count in range(1, len(tokens) + 1):
            text, ended = self._ending.look(tokens[:count], done=count == len(tokens))
            if ended is not None:
                return text, ended
        return text, "end"

    def _written(self, tokens: list[int]) -> list[int]:
        return [token for token in tokens if token not in self._unwritten]
