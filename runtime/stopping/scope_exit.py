"""A hole inside a block ends where the text leaves the block."""

from runtime.stopping.base import Stop

CLOSERS = ")]}"


def indentation(line: str) -> int:
    """Columns of leading white space, a tab counting as eight."""
    width = 0
    for character in line:
        if character == " ":
            width += 1
        elif character == "\t":
            width += 8 - width % 8
        else:
            break
    return width


class ScopeExit:
    """Ends before the first whole line that is indented less than the hole's block."""

    def __init__(self, floor: int, first_line: str) -> None:
        """`floor`: least indentation of the block's lines; `first_line`: what stands before the hole
        in its first line."""
        self._floor = floor
        self._first_line = first_line

    def check(self, text: str, done: bool) -> Stop | None:  # noqa: ARG002 - protocol
        """Cut at the line break before the first line outside."""
        start = 0
        while start < len(text):
            end = text.find("\n", start)
            line = text[start : end if end >= 0 else len(text)]
            whole = line if start else self._first_line + line
            begins_here = start > 0 or not self._first_line.strip()
            outside = begins_here and line.strip() and indentation(whole) < self._floor
            if outside and not self._closes_bracket(whole):
                return Stop(self._end_of_content(text, start), "scope")
            if end < 0:
                return None
            start = end + 1
        return None

    def _closes_bracket(self, line: str) -> bool:
        """Whether the line ends an expression begun inside the block, indented less than it."""
        return line.lstrip()[0] in CLOSERS and indentation(line) > 0

    def _end_of_content(self, text: str, start: int) -> int:
        """Just after the last line with content, its line break kept."""
        content = text[:start].rstrip()
        if not content:
            return 0
        end = text.find("\n", len(content))
        return end + 1 if end >= 0 else len(content)
