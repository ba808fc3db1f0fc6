"""In a chat layout the answer ends with its code fence."""

from runtime.stopping.base import Stop

FENCE = "\n```"


class FenceEnd:
    """Ends before the line that closes the fence."""

    def check(self, text: str, done: bool) -> Stop | None:  # noqa: ARG002 - protocol
        """Cut after the last line of code."""
        if text.startswith(FENCE[1:]):
            return Stop(0, "end")
        at = text.find(FENCE)
        return Stop(at + 1, "end") if at >= 0 else None
