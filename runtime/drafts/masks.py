"""Drafts of an adapter: masked slots behind a pass's last token, whose guesses the next pass verifies.

Self-speculation in the manner of TiDAR (arXiv 2511.08923), but for one continuation a pass: masks stand
behind the last draft alone, so what they guess is of use only where every draft was right.
"""

from collections.abc import Sequence

from runtime.drafts.acceptance import Acceptance
from runtime.drafts.base import Draft
from runtime.pass_cost import MAX_DRAFTS, PassCost

SOURCE = "mask"


class MaskDrafts:
    """Keeps the newest guesses, and says how many masks the next pass is worth."""

    def __init__(self, slots: int) -> None:
        """`slots`: the most masks that the adapter was trained for."""
        self._slots = slots
        self._guesses: tuple[int, ...] = ()

    def begin(self, context: Sequence[int], previous: Sequence[int]) -> None:  # noqa: ARG002 - protocol
        """Forget the last fill."""
        self._guesses = ()

    def propose(self, committed: Sequence[int], limit: int) -> Draft | None:  # noqa: ARG002 - protocol
        """The guesses, which were made for the slots that follow."""
        tokens = self._guesses[:limit]
        return Draft(SOURCE, tokens, by_slot=True) if tokens else None

    def learn(self, leftover: Sequence[int]) -> None:
        """Nothing to learn."""

    def take(self, guesses: Sequence[int]) -> None:
        """Keep what the newest pass's masks answered; nothing where they stood behind a wrong draft."""
        self._guesses = tuple(guesses)

    def worthwhile(
        self, acceptance: Acceptance, cost: PassCost, *, drafts: int, all_right: float, rate: float, room: int
    ) -> tuple[int, float]:
        """How many masks to run behind `drafts` drafts that are all right with chance `all_right`.

        Also what that gains in tokens, its time's price taken off.

        Milliseconds are priced at `rate` tokens each, what they earn without masks. Masks make this pass
        dearer; where all drafts are right, the next one may verify some of their guesses.
        """
        free = cost.ms(drafts + 1)
        best, best_gain = 0, 0.0
        survives, expected, worth = 1.0, 0.0, 0.0
        for masks in range(1, min(self._slots, room, MAX_DRAFTS - drafts) + 1):
            survives *= acceptance.rate(f"{SOURCE}{masks}")
            expected += survives
            worth = max(worth, expected - rate * (cost.ms(masks + 1) - cost.ms(1)))
            gain = all_right * worth - rate * (cost.ms(drafts + 1 + masks) - free)
            if gain > best_gain:
                best, best_gain = masks, gain
        return best, best_gain
