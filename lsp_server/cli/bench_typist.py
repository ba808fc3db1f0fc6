"""Makes up how someone would type parts of a file: a trace from a text and a seed.

Made up, not recorded: intervals, pauses, slips and looks are drawn from distributions. Their sizes follow
what is known of typists at large (Dhakal et al., "Observations on Typing from 136 Million Keystrokes", CHI
2018: 239 ms between keys on average, one key in sixteen a correction or so); pauses between
lines are our own guess. Knows texts and clocks; knows no editor and no server.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.cli.bench_trace import Event, Trace

_KEY_MS, _KEY_SPREAD = 165.0, 0.45
"""Median interval inside a word, and the spread of its logarithm."""
_WORD_FACTOR, _SIGN_FACTOR = 1.4, 1.6
_BACKSPACE_MS = 120.0
_NOTICE_MS = 320.0
"""Until a slip is seen."""
_SLIPS = 0.02
"""Share of letters that come out wrong at first."""
_LINE_MS, _THINK_MS, _START_MS = 420.0, 1600.0, 2600.0
"""Median pauses: before a line, before one that takes thought, and before another part of the file."""
_THINKS = 0.3
"""Share of lines that take thought."""
_HESITATES, _HESITATION_MS = 0.1, 700.0
"""Share of words before which the typist stops, and for how long."""
_PAUSE_SPREAD = 0.5
_LOOK_MS = 500.0
"""In a pause as long as this, the typist looks at what is suggested."""
_MS_PER_CHARACTER = 330.0
"""About what a character comes to, pauses included: for choosing how much to type."""
_BLOCK = (2, 7)
"""Least and most lines of a part that is typed."""

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def typed_trace(name: str, language: str, text: str, *, seed: int, seconds: float) -> Trace:
    """Typing that turns `text` without some of its blocks into `text`, for about so many seconds.

    The same arguments give the same trace. A text without indented lines gives a trace without events.
    """
    rng = random.Random(f"{seed} {name}")
    lines = text.split("\n")
    blocks = _choose(lines, rng, seconds * 1e3 / _MS_PER_CHARACTER)
    gone = {number for first, end in blocks for number in range(first, end)}
    start = "\n".join(line for number, line in enumerate(lines) if number not in gone)
    typist = _Typist(rng, start, _unit(lines))
    for first, end in blocks:
        # What stands before the block is as in the finished text by now.
        typist.write_block(len("\n".join(lines[:first])), lines[first:end], lines[:first])
    origin = f"synthetic, seed {seed}"
    return Trace(name=name, language=language, origin=origin, text=start, events=tuple(typist.events))


def _choose(lines: list[str], rng: random.Random, characters: float) -> list[tuple[int, int]]:
    """Blocks of indented lines that make up about so many characters, in order, none next to another."""
    starts = [
        number
        for number, line in enumerate(lines)
        if number and line.strip() and line[0] in " \t" and lines[number - 1].strip()
    ]
    rng.shuffle(starts)
    taken: list[tuple[int, int]] = []
    for first in starts:
        end = first
        length = rng.randint(*_BLOCK)
        while end < len(lines) - 1 and end - first < length and lines[end].strip() and lines[end][0] in " \t":
            end += 1
        if all(end < other or first > until for other, until in taken):
            taken.append((first, end))
            characters -= sum(len(line.strip()) + 1 for line in lines[first:end])
        if characters <= 0:
            break
    return sorted(taken)


def _unit(lines: list[str]) -> str:
    """One step of indentation."""
    steps = [line[: len(line) - len(line.lstrip())] for line in lines if line.strip()]
    return min((step for step in steps if step), key=len, default="    ")


@dataclass(slots=True)
class _Hands:
    """The clock and the unsteadiness of whoever types."""

    rng: random.Random
    now_ms: float = 0.0

    def wait(self, median_ms: float, spread: float) -> None:
        self.now_ms += median_ms * self.rng.lognormvariate(0.0, spread)


class _Typist:
    """Types into a text, and keeps each key as an event."""

    def __init__(self, rng: random.Random, text: str, unit: str) -> None:
        self.events: list[Event] = []
        self._rng = rng
        self._hands = _Hands(rng)
        self._text = text
        self._unit = unit
        self._cursor = 0

    def write_block(self, offset: int, lines: list[str], above: list[str]) -> None:
        """Go to the line's end at `offset` and write `lines` below it; `above` is what stands there."""
        self._cursor = offset
        self._pause(_START_MS)
        before = above[-1]
        for line in lines:
            pause_ms = _THINK_MS if self._rng.random() < _THINKS else _LINE_MS
            thinks_first = self._rng.random() < 0.5
            if thinks_first:
                self._pause(pause_ms)
            self._break_line(before, line)
            if not thinks_first:
                self._pause(pause_ms)
            self._write(line.lstrip())
            before = line

    def _pause(self, median_ms: float) -> None:
        began = self._hands.now_ms
        self._hands.wait(median_ms, _PAUSE_SPREAD)
        if self.events and self._hands.now_ms - began >= _LOOK_MS:
            self.events.append(Event(ms=self._stamp(), look=True))

    def _break_line(self, before: str, line: str) -> None:
        """Press Enter; the editor indents by itself, and the typist mends what it got wrong."""
        wanted = line[: len(line) - len(line.lstrip())]
        given = before[: len(before) - len(before.lstrip())]
        if before.rstrip().endswith((":", "{", "(", "[")):
            given += self._unit
        self._key("\n" + given, _SIGN_FACTOR)
        while given and not wanted.startswith(given):
            step = min(len(self._unit), len(given))
            self._hands.wait(_BACKSPACE_MS, _KEY_SPREAD)
            self._edit(self._cursor - step, step, "")
            given = given[:-step]
        for char in wanted[len(given) :]:
            self._key(char, 1.0)

    def _write(self, text: str) -> None:
        index, slipped = 0, -1
        while index < len(text):
            if index > slipped and _begins_word(text, index) and self._rng.random() < _HESITATES:
                self._pause(_HESITATION_MS)
            wrong = self._slip(text[index]) if index > slipped else None
            if wrong is None:
                self._key(text[index], _effort(text, index))
                index += 1
                continue
            slipped = index
            more = text[index + 1 : index + 1 + self._rng.randint(0, 2)]
            for char in wrong + more:
                self._key(char, 1.0)
            self._hands.wait(_NOTICE_MS, _KEY_SPREAD)
            for _ in wrong + more:
                self._hands.wait(_BACKSPACE_MS, _KEY_SPREAD)
                self._edit(self._cursor - 1, 1, "")

    def _slip(self, char: str) -> str | None:
        """The neighbouring key that is hit instead, now and then."""
        if self._rng.random() >= _SLIPS:
            return None
        near = list(_neighbours(char))
        return self._rng.choice(near) if near else None

    def _key(self, text: str, effort: float) -> None:
        self._hands.wait(_KEY_MS * effort, _KEY_SPREAD)
        self._edit(self._cursor, 0, text)

    def _edit(self, at: int, delete: int, insert: str) -> None:
        event = Event(ms=self._stamp(), at=at, delete=delete, insert=insert)
        self._text = event.applied(self._text)
        self._cursor = event.cursor
        self.events.append(event)

    def _stamp(self) -> float:
        return round(self._hands.now_ms, 1)


def _effort(text: str, index: int) -> float:
    """How much longer than inside a word a key takes."""
    char = text[index]
    if not (char.isalnum() or char == " ") or char.isupper():
        return _SIGN_FACTOR
    return _WORD_FACTOR if _begins_word(text, index) else 1.0


def _begins_word(text: str, index: int) -> bool:
    return text[index].isalnum() and (index == 0 or not text[index - 1].isalnum())


def _neighbours(char: str) -> Iterator[str]:
    for row in _ROWS:
        at = row.find(char)
        if at >= 0:
            yield from row[max(0, at - 1) : at]
            yield from row[at + 1 : at + 2]
