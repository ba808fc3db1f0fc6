"""Decoding with a causal model: drafts in parallel, verified left to right."""

from runtime.canvas import Canvas
from runtime.constraints.healing import HealingConstraint
from runtime.decoding.ending import Ending
from runtime.denoisers.causal import CausalDenoiser
from runtime.request import StopReason
from runtime.samplers.base import Sampler


class VerifiedDecoding:
    """Commits what the model itself would have written, one token a pass at least."""

    def __init__(
        self,
        denoiser: CausalDenoiser,
        sampler: Sampler,
        constraint: HealingConstraint,
        ending: Ending,
        *,
        limit: int,
        canvas: Canvas | None = None,
    ) -> None:
        """`limit`: the most tokens written. A `canvas` with committed slots is gone on from."""
        self.canvas = Canvas() if canvas is None else canvas
        self._passes = 0
        self._denoiser = denoiser
        self._sampler = sampler
        self._constraint = constraint
        self._ending = ending
        self._limit = limit

    @property
    def passes(self) -> int:
        """Passes so far."""
        return self._passes

    def ended(self) -> tuple[str, StopReason] | None:
        """Where committed slots hold a whole text already."""
        if not self.canvas.frontier:
            return None
        text, ended = self._ending.look(self.canvas.committed)
        if ended is None and self.canvas.frontier >= self._limit:
            ended = "length"
        return None if ended is None else (text, ended)

    def step(self) -> tuple[str, StopReason | None]:
        """Run the drafts, commit the right ones and the answer after them."""
        canvas = self.canvas
        before = canvas.frontier
        slots = self._sampler.prepare(canvas, self._limit - before)
        predictions = self._denoiser.predict(canvas, slots, self._sampler.masks)
        self._sampler.update(canvas, predictions, self._constraint)
        self._denoiser.settle(canvas.ids[before : canvas.frontier])
        self._passes += 1
        text, ended = "", None
        for count in range(before + 1, canvas.frontier + 1):
            text, ended = self._ending.look(canvas.ids[:count])
            if ended is not None:
                # Drafts carried the text past its end: one token at a time would have stopped here.
                canvas.shorten(count)
                return text, ended
        return text, "length" if canvas.frontier >= self._limit else None
