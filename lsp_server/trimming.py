"""From the model's raw text to what is shown: an ordered chain of pure filters.

Each filter takes the text and where it goes, and answers the text that is left; the chain stops at the
first empty one. Decoding has stopped at the scope or the suffix already where it could tell by tokens; here
text is compared with text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from lsp_server import indentation, overlap
from lsp_server.languages import PLAIN, Language
from runtime import Mode

_OPENER = re.compile(r"(?:[:{(\[]|=>|->|\b(?:do|then|else|begin|try))\s*$")
_MANY = 3
"""How often a line or a block must follow itself to count as a loop of the model."""
_LONGEST_CYCLE_LINES = 8
_LONGEST_HEAD_LINES = 40
_WORD = re.compile(r"\w+")
_FURTHER_BRANCHES = frozenset(
    ("else", "elif", "elsif", "elseif", "except", "catch", "finally", "rescue", "ensure")
)
_COMMENT = re.compile(r"\s+#.*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a text goes."""

    prefix: str
    """The text before the hole, or its end."""
    suffix: str
    """The text after the hole, or its start."""
    mode: Mode = "block"
    language: Language = PLAIN
    unit: str = "    "
    """One level of the file's indentation."""
    eol: str = "\n"
    """The file's line break."""

    @property
    def before(self) -> str:
        """The hole's line, up to the hole."""
        return self.prefix[indentation.line_start(self.prefix, len(self.prefix)) :]

    @property
    def after(self) -> str:
        """The rest of the line after the hole."""
        return self.suffix[: indentation.line_end(self.suffix, 0)]


Filter = Callable[[str, Place], str]


def trim(text: str, place: Place) -> str:
    """Run the chain; an empty answer means that there is nothing worth showing."""
    if place.mode == "function" and place.before.strip() and not place.after.strip():
        # The hole is at the end of the head's line: the body goes on lines of its own below it.
        below = trim(text.lstrip("\r\n"), replace(place, prefix=place.prefix + "\n"))
        return below and place.eol + below
    for step in FILTERS:
        text = step(text, place)
        if not text:
            return ""
    return text


def unified_breaks(text: str, place: Place) -> str:
    """Line breaks as \\n, for the filters that follow."""
    del place
    return text.replace("\r\n", "\n").replace("\r", "\n")


def one_line(text: str, place: Place) -> str:
    """In mode `line`, nothing from the first line break on."""
    return text.split("\n", 1)[0] if place.mode == "line" else text


def scope_end(text: str, place: Place) -> str:
    """Nothing from the first line on that stands outside the block being filled."""
    if place.mode not in ("block", "function") or "\n" not in text:
        return text
    before = place.before
    opened = bool(before.strip())
    floor = indentation.width(before) if opened else indentation.width(before + text)
    first, *rest = text.split("\n")
    kept, closed, ended_below = [first], False, opened and _ends_at(floor, place)
    for line in rest:
        columns = indentation.width(line)
        outside = bool(line.strip()) and (columns < floor or (columns == floor and opened))
        if not outside:
            # What is deeper after the end belongs to something else.
            if closed and line.strip():
                break
            kept.append(line)
            continue
        if columns < floor:
            break
        if ended_below and not overlap.depth("\n".join(kept)):
            break
        if not closed and _closes(line, place, "\n".join(kept)):
            kept.append(line)
            closed = overlap.depth(place.before + "\n".join(kept)) == 0 and not _goes_on(line)
        elif _goes_on(line):
            kept.append(line)
            closed = False
        else:
            break
    return "\n".join(kept)


def _ends_at(floor: int, place: Place) -> bool:
    """Whether the first line below already ends the block, or goes on with another branch of it."""
    if place.after.strip():
        return False
    below = next((line for line in place.suffix.split("\n") if line.strip()), "")
    if not below or indentation.width(below) != floor:
        return False
    word = _WORD.match(below.strip())
    ends = word is not None and word.group() in place.language.end_words
    return ends or _goes_on(below) or below.strip()[0] in ")]}"


def _closes(line: str, place: Place, kept: str) -> bool:
    """Whether a line at the block's own depth ends what was begun on the line before it."""
    content = line.strip()
    if content[0] in ")]}":
        return overlap.depth(place.before + kept) > 0
    word = _WORD.match(content)
    return word is not None and word.group() in place.language.end_words


def _goes_on(line: str) -> bool:
    """Whether a line begins another branch of the same statement."""
    word = _WORD.match(line.strip().lstrip("} "))
    return word is not None and word.group() in _FURTHER_BRANCHES


def no_cycle(text: str, place: Place) -> str:
    """One copy of a line or a block of lines that follows itself three times or more, and nothing after."""
    del place
    lines = text.split("\n")
    for size in range(1, _LONGEST_CYCLE_LINES + 1):
        for start in range(len(lines) - size * _MANY + 1):
            cycle = lines[start : start + size]
            if sum(char.isalnum() for line in cycle for char in line) < 4:
                continue
            if all(
                lines[start + size * turn : start + size * (turn + 1)] == cycle for turn in range(1, _MANY)
            ):
                return "\n".join(lines[: start + size])
    return text


def no_overlap(text: str, place: Place) -> str:
    """Nothing that the suffix has already: brackets, quotes, the rest of the line, the lines below."""
    return overlap.without_suffix(text, place.suffix)


def new_below(text: str, place: Place) -> str:
    """Nothing at all where exactly this text stands below already."""
    below = [line.strip() for line in place.suffix.split("\n") if line.strip()]
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    full = place.before.strip() + lines[0] if lines and place.before.strip() else None
    if full is not None:
        lines[0] = full
    return "" if lines and below[: len(lines)] == lines else text


def file_indentation(text: str, place: Place) -> str:
    """Indentation as the file writes it: tabs for a tab file, spaces for the others."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if index == 0 and place.before.strip():
            continue
        blanks, content = indentation.leading(line), line.lstrip(" \t")
        if place.unit == "\t" and " " in blanks:
            columns = indentation.width(line)
            lines[index] = (
                "\t" * (columns // indentation.TAB_WIDTH) + " " * (columns % indentation.TAB_WIDTH) + content
            )
        elif place.unit != "\t" and "\t" in blanks:
            lines[index] = blanks.replace("\t", place.unit) + content
    return "\n".join(lines)


def body_indentation(text: str, place: Place) -> str:
    """A function's body deeper than its signature, on a line of its own."""
    if place.mode != "function":
        return text
    wanted = _body_indentation(place)
    if not place.before.strip():
        return _shifted(text.lstrip("\n"), wanted.removeprefix(place.before))
    if "\n" not in text:
        return text
    body = "\n" + _shifted(text.lstrip("\n"), wanted)
    return body.rstrip() + "\n" + indentation.leading(place.before)


def _body_indentation(place: Place) -> str:
    """What the lines of the function's body begin with, judged by what stands above them."""
    lines = place.prefix.rstrip().split("\n")
    last = _COMMENT.sub("", lines[-1]) if place.language.style == "indent" else lines[-1]
    inside = place.language.style == "end" or _OPENER.search(last)
    return indentation.leading(_first_line_of_head(lines)) + (place.unit if inside else "")


def _first_line_of_head(lines: list[str]) -> str:
    """The line that the last one goes on from: a parameter list may take several."""
    for first in range(len(lines) - 1, max(-1, len(lines) - _LONGEST_HEAD_LINES), -1):
        if not overlap.closes_more("\n".join(lines[first:])):
            return lines[first]
    return lines[-1]


def _shifted(text: str, wanted: str) -> str:
    """All lines moved right, where the first is not as deep as `wanted`."""
    missing = indentation.width(wanted + "x") - indentation.width(text)
    if missing <= 0:
        return text
    blanks = wanted[len(wanted) - missing :] if "\t" not in wanted else wanted
    lines = text.split("\n")
    rest_is_deep = len(lines) > 1 and all(
        indentation.width(line) >= indentation.width(wanted + "x") for line in lines[1:] if line.strip()
    )
    if rest_is_deep and any(line.strip() for line in lines[1:]):
        return blanks + text
    return "\n".join(blanks + line if line.strip() else line for line in lines)


def no_trailing_blanks(text: str, place: Place) -> str:
    """No blanks at line ends and no blank lines at the end; a closing bracket keeps its own line."""
    lines = [line.rstrip() if line.strip() else "" for line in text.split("\n")]
    cleaned = "\n".join(lines)
    if place.after.strip() and cleaned.strip() and "\n" in cleaned:
        tail = text[len(text.rstrip()) :]
        if "\n" in tail:
            return cleaned.rstrip() + "\n" + tail.rsplit("\n", 1)[-1]
    if place.mode == "line" or "\n" not in text:
        return text.rstrip() if not place.after.strip() else text
    return cleaned.rstrip()


def not_blank(text: str, place: Place) -> str:
    """Nothing where only blanks are left."""
    del place
    return text if text.strip() else ""


def file_breaks(text: str, place: Place) -> str:
    """Line breaks as the file writes them."""
    return text if place.eol == "\n" else text.replace("\n", place.eol)


FILTERS: tuple[Filter, ...] = (
    unified_breaks,
    one_line,
    scope_end,
    no_cycle,
    no_overlap,
    new_below,
    file_indentation,
    body_indentation,
    no_trailing_blanks,
    not_blank,
    file_breaks,
)
