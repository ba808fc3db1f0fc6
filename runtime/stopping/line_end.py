"""A hole of one line ends with the line."""

from runtime.stopping.base import Stop


class LineEnd:
    """Ends at the first line break after something was written.

    Where the suffix goes on in the same line, as within brackets, the line's end is the suffix's:
    what the text has of it is cut off.
    """

    def __init__(self, prefix: str, suffix: str) -> None:
        # Where the suffix begins a line of its own, the break belongs to the hole.
        line_begins_here = prefix.endswith(("\n", "\r")) or not prefix
        self._keep_break = line_begins_here and not suffix.startswith(("\n", "\r"))
        self._rest = "" if line_begins_here else suffix.split("\n", 1)[0].strip()

    def check(self, text: str, done: bool) -> Stop | None:
        """Cut at the break that ends the first line with text on it."""
        start = len(text) - len(text.lstrip("\r\n \t"))
        for index in range(start, len(text)):
            if text[index] in "\r\n":
                if self._keep_break and not done and text[index:] == "\r":
                    return None  # half of a break, perhaps
                line = text[:index].rstrip()
                if self._rest and line.endswith(self._rest):
                    return Stop(len(line) - len(self._rest), "suffix")
                return Stop(index + self._keep_break * _break_length(text, index), "line")
        return None


def _break_length(text: str, index: int) -> int:
    return 2 if text[index : index + 2] == "\r\n" else 1
