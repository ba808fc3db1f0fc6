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

    def __init__(self, floor: int, first_line_open: bool) -> None:
        """`floor`: least indentation of the block's lines; `first_line_open`: the hole begins mid-line."""
        self._floor = floor
        self._first_line_open = first_line_open

    def check(self, text: str, done: bool) -> Stop | None:
        """Cut at the line break before the first line outside."""
        start = 0
        if self._first_line_open:
            start = text.find("\n") + 1
            if start == 0:
                return None
        while start < len(text):
            end = text.find("\n", start)
            line = text[start : end if end >= 0 else len(text)]
            content = line.lstrip()
            if content and indentation(line) < self._floor and not self._may_grow(line, end, done):
                return Stop(self._end_of_content(text, start), "scope")
            if end < 0:
                return None
            start = end + 1
        return None

    def _may_grow(self, line: str, end: int, done: bool) -> bool:
        """Whether the line is only a closing bracket of an expression begun inside the block."""
        del end, done
        return self._floor > 0 and line.lstrip()[0] in CLOSERS and indentation(line) > 0

    def _end_of_content(self, text: str, start: int) -> int:
        """Just after the last line with content, its line break kept."""
        content = text[:start].rstrip()
        if not content:
            return 0
        end = text.find("\n", len(content))
        return end + 1 if end >= 0 else len(content)
