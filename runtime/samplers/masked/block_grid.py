"""Which slots are denoised together: the blocks of a semi-autoregressive schedule.

Blocks are settled one after another, each by as many passes as its sampler needs (LLaDA,
arXiv 2502.09992). They keep their places when the canvas grows or shrinks, for a block-causal model's
blocks keep theirs too: slots that are pushed out of a block go with the next one.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockGrid:
    """Cuts a canvas into blocks."""

    block_slots: int | None
    """Slots of a block; None makes the whole canvas one."""
    origin: int = 0
    """A slot, on the canvas or not, at which a block begins; the others lie whole blocks from it."""

    def around(self, slot: int, slots: int) -> range:
        """The block that `slot` lies in, on a canvas of `slots` slots."""
        if self.block_slots is None:
            return range(slots)
        start = slot - (slot - self.origin) % self.block_slots
        return range(max(start, 0), min(start + self.block_slots, slots))

    def blocks(self, slots: int) -> list[range]:
        """All blocks of a canvas of `slots` slots, in order."""
        found: list[range] = []
        while (start := found[-1].stop if found else 0) < slots:
            found.append(self.around(start, slots))
        return found
