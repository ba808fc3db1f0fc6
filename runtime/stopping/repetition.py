"""A hole ends where the text begins to repeat itself."""

from runtime.stopping.base import Stop

SAME_LINES = 4
"""The same line this often in a row is a loop."""

LOOP_CHARACTERS = 24
LOOP_TIMES = 4


class Repetition:
    """Ends before the repeats when lines or stretches of text go round and round."""

    def check(self, text: str, done: bool) -> Stop | None:  # noqa: ARG002 - protocol
        """Cut after the first round."""
        lines = text.splitlines(keepends=True)
        run = 1
        for index in range(1, len(lines)):
            run = run + 1 if lines[index] == lines[index - 1] and lines[index].strip() else 1
            if run == SAME_LINES:
                return Stop(sum(map(len, lines[: index - SAME_LINES + 2])), "repetition")
        return self._stretch(text)

    def _stretch(self, text: str) -> Stop | None:
        for period in range(1, LOOP_CHARACTERS + 1):
            span = period * LOOP_TIMES
            if len(text) < max(span, LOOP_CHARACTERS):
                break
            times = max(LOOP_TIMES, -(-LOOP_CHARACTERS // period))
            tail = text[-period:]
            if tail.strip() and len(text) >= period * times and text.endswith(tail * times):
                return Stop(len(text) - period * (times - 1), "repetition")
        return None
