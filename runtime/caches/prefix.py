"""The prefix cache of Fast-dLLM (arXiv 2505.22618, section 3.1)."""


class PrefixCache:
    """Reuses rows of the text before the active block; the block and all behind it run in each pass."""

    name = "prefix"

    def __init__(self, refresh: int | None = None) -> None:
        """`refresh`: passes that rows serve; None keeps them until the block or its place changes."""
        self._refresh = refresh

    def frozen(self, length: int, active: range) -> list[int]:  # noqa: ARG002
        """Positions before the block."""
        return list(range(active.start))

    def stale(self, served: int) -> bool:
        """After `refresh` passes."""
        return self._refresh is not None and served >= self._refresh
