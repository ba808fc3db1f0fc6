"""The dual cache of Fast-dLLM (arXiv 2505.22618, section 3.1)."""


class DualCache:
    """Reuses rows on both sides of the active block; later passes run the block alone."""

    name = "dual"

    def __init__(self, refresh: int | None = None) -> None:
        """`refresh`: passes that rows serve; None keeps them until the block or its place changes.

        With 1, every pass computes every row again, and the answers are those of no cache.
        """
        self._refresh = refresh

    def frozen(self, length: int, active: range) -> list[int]:
        """Every position outside the block."""
        return [*range(active.start), *range(active.stop, length)]

    def stale(self, served: int) -> bool:
        """After `refresh` passes."""
        return self._refresh is not None and served >= self._refresh
