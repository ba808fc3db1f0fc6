"""What a filled hole owes to the text behind it.

A file may be broken elsewhere, so it isn't asked that the whole text is free of errors, but that it fits as
far as it would with something plain in the hole: a name, a statement, nothing at all, with the brackets and
quotes that the two sides lack. Where nothing plain fits, little is asked.

The suffix may be cut off anywhere: of what is behind it nothing is known. But before a line that begins
something in the first column nothing is open, so that what is left open there is a fault.
"""

import itertools
import re
from collections.abc import Iterator

from runtime.constraints.brackets import Bridge, bridges, unpaired
from runtime.constraints.indentation import Place, scan
from runtime.constraints.plain_texts import plain_texts
from runtime.constraints.viability import Parsed, PrefixParser
from runtime.constraints.window import Window

LONGEST = 2_048
"""Bytes of suffix that are looked at."""

_TRIED = 64
"""Plain texts that are tried, at the most."""

_MEASURED = 3
"""Of those that don't fit, so many are looked at for how far they do."""

_GOES_ON = rb"(?:and|case|catch|default|elif|else|except|finally|or|where|while)\b"
_BORDER = re.compile(
    rb"^(?:[)\]}]+[;,]?[ \t]*\r?\n(?!" + _GOES_ON + rb"|\{)"
    rb"|(?=[A-Za-z_@$]|#\[)(?!\w+[ \t]*:(?!:)|" + _GOES_ON + rb"))",
    re.MULTILINE,
)
"""Behind a line that ends something in the first column, or before one that begins something there. A label
may stand there inside a function, and some words go on with what is before."""


class Closing:
    """Judges texts for a hole whose both ends are known."""

    def __init__(
        self, before: Window, suffix: bytes, parser: PrefixParser, place: Place | None, *, ends_file: bool
    ) -> None:
        """`place`: where indentation is checked from, in `before`; None where it doesn't matter.

        `ends_file`: nothing comes behind `suffix`.
        """
        self._before = before
        self._parser = parser
        self._place = place
        borders = _borders(suffix[:LONGEST])
        self._whole = not before.nested
        """The text must be free of errors; else it is enough if it can be the beginning of one that is."""
        if not ends_file or len(suffix) > LONGEST:
            self._whole &= bool(borders)
            suffix = suffix[: borders[-1]] if borders else _lines(suffix)
        self._suffix = suffix
        self._borders = borders
        self._parsed: dict[bytes, Parsed] = {}
        """By what stands behind the suffix: a text with something in the hole, to begin later parses with."""
        self._ways = self._bridges()
        self._measured = False
        self._reach: int | None = None
        """Bytes of the suffix that must fit, in whole lines; None for all. Measured when one misfits."""

    def admits(self, middle: bytes) -> bool:
        """Whether `middle` makes the suffix fit as far as plain text does."""
        text = self._before.text + middle + self._suffix
        fault = self._fault(text)
        if fault is None and self._is_sound(text):
            return True
        if not self._measured:
            self._measure()
            return self.admits(middle)
        if self._reach is None and (self._whole or fault is not None):
            return False
        fit = self._fit(text)
        return fit is None or (self._reach is not None and fit >= self._reach)

    def _fault(self, text: bytes) -> int | None:
        return None if self._place is None else scan(text, self._place).fault

    def _is_sound(self, text: bytes) -> bool:
        """Whether the text is free of errors, but for brackets that a cut suffix leaves open."""
        rests = [""] if self._whole else [way.rest for way in self._ways]
        return any(self._is_whole(text, rest.encode()) for rest in dict.fromkeys(rests))

    def _is_whole(self, text: bytes, rest: bytes) -> bool:
        old = self._parsed.get(rest)
        tail = 0 if old is None else len(self._suffix) + len(rest)
        parsed = self._parser.parse(text + rest, old or self._before.parsed, tail)
        if old is None:
            self._parsed[rest] = parsed
        # What a reused tree says against a text has to be seen without it.
        return not parsed.tree.root_node.has_error or self._parser.is_whole(text + rest)

    def _measure(self) -> None:
        """Find out how far the suffix fits behind plain text."""
        self._measured = True
        misfits: list[bytes] = []
        for plain, rest in itertools.islice(self._plain_texts(), _TRIED):
            text = self._before.text + plain.encode() + self._suffix
            # Much hangs on it, so nothing is reused here.
            if self._fault(text) is None and self._parser.is_whole(text + rest.encode()):
                self._whole &= not rest
                if self._whole:
                    self._shorten(text)
                return
            if len(misfits) < _MEASURED:
                misfits.append(text)
        self._whole = False
        # One that never stops leaves a string or a comment open, and says nothing of what is in it.
        fits = [fit for fit in map(self._fit, misfits) if fit is not None]
        furthest = max(fits, default=0)
        # Texts that meet the same fault may stop a few tokens apart.
        self._reach = self._suffix.rfind(b"\n", 0, max(0, furthest)) + 1 if furthest > 0 else -len(misfits[0])

    def _fit(self, text: bytes) -> int | None:
        """Bytes of the suffix that fit; negative where the hole's text itself doesn't; None for all."""
        before = self._before
        stop = self._parser.stop(text, len(before.text), before.parsed, nested=before.nested)
        ends = [end for end in (stop, self._fault(text)) if end is not None]
        return min(ends) - (len(text) - len(self._suffix)) if ends else None

    def _shorten(self, text: bytes) -> None:
        """Leave off what comes after the first border: it is the same whatever the hole holds."""
        hole_end = len(text) - len(self._suffix)
        # Up to the border after it, for what must not stand alone before one, as a header without a block.
        for end in self._borders[1:]:
            shorter = self._parser.parse(text[: hole_end + end], self._before.parsed)
            if not shorter.tree.root_node.has_error:
                self._suffix = self._suffix[:end]
                self._parsed = {b"": shorter}
                return

    def _bridges(self) -> list[Bridge]:
        before = self._before.text
        line = before[before.rfind(b"\n") + 1 :]
        return bridges(
            unpaired(self._before.parsed.tree),
            unpaired(self._parser.parse(self._suffix).tree),
            before.count(b"\n"),
            len(line) - len(line.lstrip()),
        )

    def _plain_texts(self) -> Iterator[tuple[str, str]]:
        before, indent = self._before.text, None
        line = before[before.rfind(b"\n") + 1 :]
        if self._place is not None:
            ended = scan(before + b"\n", self._place).place
            level = (ended.levels[-1] if ended.levels else b"") + (b"    " if ended.header else b"")
            indent = (b"\n" + level if line.strip() else level[len(line) :]).decode()
        return plain_texts(line.decode(), self._suffix.partition(b"\n")[0].decode(), self._ways, indent)


def _borders(suffix: bytes) -> list[int]:
    """Where nothing is open, behind at least one line of the suffix that isn't blank."""
    first = suffix.find(b"\n") + 1
    if not first:
        return []
    found = [match.end() for match in _BORDER.finditer(suffix, first)]
    return [border for border in found if suffix[first:border].strip()]


def _lines(suffix: bytes) -> bytes:
    """As much of a suffix as is looked at, up to the end of a line or of a character."""
    if len(suffix) <= LONGEST:
        return suffix
    line = suffix.rfind(b"\n", 0, LONGEST) + 1
    return suffix[:line] if line else suffix[:LONGEST].decode("utf-8", "ignore").encode()
