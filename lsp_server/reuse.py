"""Suggestions already made, found again while the user types along them or takes characters back.

Pure memory of texts: answering from it costs no model call.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

_KEPT = 12
_LONGEST_TAKEN_BACK = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A text that was suggested between two others."""

    id: str
    uri: str
    before: str
    after: str
    text: str

    def at(self, before: str) -> "Suggestion | None":
        """What is left of it behind another text before: typed along, or some of that text taken back."""
        text = _rest(self, before)
        return replace(self, before=before, text=text) if text else None


class SuggestionMemory:
    """The last suggestions of a session, newest first."""

    def __init__(self) -> None:
        self._kept: deque[Suggestion] = deque(maxlen=_KEPT)

    def remember(self, suggestion: Suggestion) -> None:
        """Keep a suggestion, in place of the oldest one."""
        self._kept.appendleft(suggestion)

    def recall(self, uri: str, before: str, after: str) -> Suggestion | None:
        """What is left of the newest suggestion that fits between these texts; None where none does."""
        return next(self._recalled(uri, before, after), None)

    def recall_all(self, uri: str, before: str, after: str) -> list[Suggestion]:
        """What is left of every suggestion that fits, the newest first, each text once."""
        found: dict[str, Suggestion] = {}
        for suggestion in self._recalled(uri, before, after):
            found.setdefault(suggestion.text, suggestion)
        return list(found.values())

    def _recalled(self, uri: str, before: str, after: str) -> Iterator[Suggestion]:
        for kept in self._kept:
            if kept.uri != uri or kept.after != after:
                continue
            if (rest := kept.at(before)) is not None:
                yield rest

    def find(self, identifier: str) -> Suggestion | None:
        """A kept suggestion by its id."""
        return next((kept for kept in self._kept if kept.id == identifier), None)

    def forget(self, uri: str) -> None:
        """Drop a document's suggestions."""
        self._kept = deque((kept for kept in self._kept if kept.uri != uri), maxlen=_KEPT)


def _rest(kept: Suggestion, before: str) -> str | None:
    if before.startswith(kept.before):
        typed = before[len(kept.before) :]
        return kept.text[len(typed) :] if kept.text.startswith(typed) else None
    if kept.before.startswith(before):
        taken_back = kept.before[len(before) :]
        if len(taken_back) <= _LONGEST_TAKEN_BACK and not {"\n", "\r"} & set(taken_back):
            return taken_back + kept.text
    return None
