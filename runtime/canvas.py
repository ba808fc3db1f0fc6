"""The span being denoised: token ids, how settled each slot is, and how likely."""

from collections.abc import Sequence

from runtime.request import SlotState

NO_TOKEN = -1

Candidates = tuple[Sequence[int], Sequence[float]]
"""Token ids and their log-probabilities."""


class Canvas:
    """Slots in text order. Samplers commit, draft and re-mask them; nothing else changes them."""

    __slots__ = ("candidates", "frontier", "ids", "logprobs", "states")

    def __init__(self, slots: int = 0) -> None:
        """Start with `slots` masked slots."""
        self.ids: list[int] = []
        self.states: list[SlotState] = []
        self.logprobs: list[float] = []
        self.candidates: list[Candidates] = []
        """What the model offered for each committed slot, the likeliest first."""
        self.frontier = 0
        """Slots before this one are all committed."""
        self.extend(slots)

    def __len__(self) -> int:
        return len(self.ids)

    def extend(self, slots: int) -> None:
        """Append masked slots."""
        self.insert(len(self), slots)

    def insert(self, slot: int, count: int) -> None:
        """Put `count` masked slots before `slot`."""
        self.ids[slot:slot] = [NO_TOKEN] * count
        self.states[slot:slot] = [SlotState.MASKED] * count
        self.logprobs[slot:slot] = [0.0] * count
        self.candidates[slot:slot] = [((), ())] * count
        if count:
            self.frontier = min(self.frontier, slot)

    def remove(self, slot: int) -> None:
        """Drop a slot, whatever it holds."""
        for column in (self.ids, self.states, self.logprobs, self.candidates):
            del column[slot]
        self.frontier -= slot < self.frontier
        self._move_frontier()

    @property
    def masked(self) -> list[int]:
        """Slots that are not committed, in order."""
        return [slot for slot, state in enumerate(self.states) if state is not SlotState.COMMITTED]

    def _move_frontier(self) -> None:
        while self.frontier < len(self) and self.states[self.frontier] is SlotState.COMMITTED:
            self.frontier += 1

    def commit(self, slot: int, token: int, logprob: float, candidates: Candidates = ((), ())) -> None:
        """Settle a slot; `candidates` are what it was chosen from."""
        self.candidates[slot] = candidates
        self.ids[slot], self.states[slot], self.logprobs[slot] = token, SlotState.COMMITTED, logprob
        self._move_frontier()

    def draft(self, slot: int, token: int) -> None:
        """Put an unverified token into a slot that is not committed."""
        assert self.states[slot] is not SlotState.COMMITTED, "a committed slot is re-masked before it changes"
        self.ids[slot], self.states[slot] = token, SlotState.DRAFT

    def remask(self, slot: int) -> None:
        """Empty a slot."""
        self.ids[slot], self.states[slot], self.logprobs[slot] = NO_TOKEN, SlotState.MASKED, 0.0
        self.frontier = min(self.frontier, slot)

    def redraft(self, drafts: Sequence[int], block: int) -> None:
        """Replace everything after the frontier: `drafts`, then masks up to `block` slots, one at least."""
        for column in (self.ids, self.states, self.logprobs, self.candidates):
            del column[self.frontier :]
        self.extend(max(block, len(drafts) + 1))
        for offset, token in enumerate(drafts):
            self.draft(self.frontier + offset, token)

    def shorten(self, slots: int) -> None:
        """Drop every slot after the first `slots`."""
        for column in (self.ids, self.states, self.logprobs, self.candidates):
            del column[slots:]
        self.frontier = min(self.frontier, slots)

    @property
    def committed(self) -> list[int]:
        """Tokens before the frontier."""
        return self.ids[: self.frontier]
