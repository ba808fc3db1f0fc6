"""What a draft source offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Draft:
    """Tokens proposed for the slots after the frontier, all by one source."""

    source: str
    """Key under which the source's acceptance is counted."""
    tokens: tuple[int, ...]
    by_slot: bool = False
    """Whether each place of the draft has a record of its own, as `source` and the place, from 1."""

    def key(self, place: int) -> str:
        """What the acceptance of the token at `place`, from 0, is counted under."""
        return f"{self.source}{place + 1}" if self.by_slot else self.source


class DraftSource(Protocol):
    """Proposes tokens to follow what is committed."""

    def begin(self, context: Sequence[int], previous: Sequence[int]) -> None:
        """Start on a fill: the prompt's tokens, and the tokens that the hole held before."""
        ...

    def propose(self, committed: Sequence[int], limit: int) -> Draft | None:
        """Up to `limit` tokens to follow `committed`, or None."""
        ...

    def learn(self, leftover: Sequence[int]) -> None:
        """See the newest pass's own answers for the slots that were not committed."""
        ...
