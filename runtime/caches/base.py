"""The cache-policy protocol."""

from typing import Protocol


class CachePolicy(Protocol):
    """Decides which positions' rows serve more than one pass, and when they are computed again.

    Rows of a bidirectional model depend on the whole text, so a row that is reused while slots
    change is an approximation; how good, and how much cheaper, is what policies differ in.
    """

    name: str

    def frozen(self, length: int, active: range) -> list[int]:
        """Positions whose rows are reused while those of `active` are denoised.

        `length`: tokens of the whole text; positions run from 0. None of them lies in `active`.
        """
        ...

    def stale(self, served: int) -> bool:
        """Whether rows that have served `served` passes are computed again before the next."""
        ...
