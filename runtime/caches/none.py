"""No cache: every pass runs the whole text."""


class NoCache:
    """The reference that the other policies are measured against."""

    name = "none"

    def frozen(self, length: int, active: range) -> list[int]:  # noqa: ARG002
        """No position."""
        return []

    def stale(self, served: int) -> bool:  # noqa: ARG002
        """True; there is nothing to serve."""
        return True
