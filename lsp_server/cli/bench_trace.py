"""Recorded typing: a text, and the edits made to it with their times. Knows the file format and nothing else.

A trace is JSON, one object a line. The first says what was typed into, the others are events in order:

    {"format": 1, "name": "stack.py", "language": "python", "origin": "synthetic, seed 7", "text": "..."}
    {"ms": 180.5, "at": 912, "delete": 0, "insert": "r"}
    {"ms": 950.0, "look": true}

`ms` counts from the beginning, `at` and `delete` are in characters of the text as it is by then, and
`look` is when the typist looks at what is suggested. A replay may accept the suggestion there.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runtime.errors import InputError

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A keystroke, or a look at the screen."""

    ms: float
    at: int = 0
    delete: int = 0
    insert: str = ""
    look: bool = False

    def applied(self, text: str) -> str:
        """The text after it."""
        return text[: self.at] + self.insert + text[self.at + self.delete :]

    @property
    def cursor(self) -> int:
        """Where the cursor stands after a keystroke."""
        return self.at + len(self.insert)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Someone's typing in one file."""

    name: str
    language: str
    origin: str
    """Whether it was recorded from a person or made up, and how."""
    text: str
    """What the file held before the first event."""
    events: tuple[Event, ...]

    @property
    def duration_ms(self) -> float:
        """When the last event is."""
        return self.events[-1].ms if self.events else 0.0

    def first(self, seconds: float) -> "Trace":
        """The events of its first seconds."""
        return replace(self, events=tuple(event for event in self.events if event.ms <= seconds * 1e3))


def save_trace(trace: Trace, path: Path) -> None:
    """Write a trace."""
    head = {
        "format": FORMAT,
        "name": trace.name,
        "language": trace.language,
        "origin": trace.origin,
        "text": trace.text,
    }
    lines = [json.dumps(row, ensure_ascii=False) for row in (head, *map(_row, trace.events))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _row(event: Event) -> dict[str, Any]:
    if event.look:
        return {"ms": event.ms, "look": True}
    return {"ms": event.ms, "at": event.at, "delete": event.delete, "insert": event.insert}


def load_trace(path: Path) -> Trace:
    """Read a trace and check that it can be replayed.

    Raises:
        InputError: it can't be read, is of another format, or has an event that its text has no room for.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The trace {path} can't be read ({error}).") from error
    try:
        head = json.loads(lines[0]) if lines else None
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise InputError(f"{path} is no typing trace of format {FORMAT}; docs/cli.md describes one.")
        events = tuple(_event(json.loads(line)) for line in lines[1:] if line.strip())
        trace = Trace(
            name=str(head["name"]),
            language=str(head["language"]),
            origin=str(head["origin"]),
            text=str(head["text"]),
            events=events,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"The trace {path} is damaged ({type(error).__name__}: {error}).") from error
    _check(trace.text, events, path)
    return trace


def _event(row: Any) -> Event:
    if not isinstance(row, dict):
        raise TypeError("an event is an object")
    if row.get("look"):
        return Event(ms=float(row["ms"]), look=True)
    return Event(ms=float(row["ms"]), at=int(row["at"]), delete=int(row["delete"]), insert=str(row["insert"]))


def _check(text: str, events: Iterable[Event], path: Path) -> None:
    before_ms = 0.0
    for number, event in enumerate(events, 2):
        if event.ms < before_ms:
            raise InputError(f"Line {number} of the trace {path} is earlier than the one before it.")
        if event.at < 0 or event.delete < 0 or event.at + event.delete > len(text):
            raise InputError(f"Line {number} of the trace {path} edits what its text does not have.")
        text, before_ms = event.applied(text), event.ms
