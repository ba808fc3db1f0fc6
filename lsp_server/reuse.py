"""Suggestions already made, found again while the user types along them or takes characters back.

Pure memory of texts: answering from it costs no model call.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

_KEPT = 12
_CLOSERS = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'", "`": "`"}
_LONGEST_TAKEN_BACK = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A text that was suggested between two others."""

    id: str
    uri: str
    before: str
    after: str
    text: str
    chosen_among: bool = False
    """Whether the model was asked for others beside it."""

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

    def recall(self, uri: str, before: str, after: str) -> list[Suggestion]:
        """What is left of every suggestion that fits between these texts, the newest first, each text once.

        One may take the place of brackets behind `before` that the editor closed by itself: then its
        `after` is shorter than the one asked for.
        """
        found: dict[str, Suggestion] = {}
        for suggestion in self._recalled(uri, before, after):
            found.setdefault(suggestion.text, suggestion)
        return list(found.values())

    def _recalled(self, uri: str, before: str, after: str) -> Iterator[Suggestion]:
        for kept in self._kept:
            if kept.uri != uri or not after.endswith(kept.after):
                continue
            closed = after[: len(after) - len(kept.after)]
            rest = kept.at(before)
            if rest is not None and (not closed or _closed_by_editor(closed, kept, rest)):
                yield rest

    def find(self, identifier: str) -> Suggestion | None:
        """A kept suggestion by its id."""
        return next((kept for kept in self._kept if kept.id == identifier), None)

    def forget(self, uri: str) -> None:
        """Drop a document's suggestions."""
        self._kept = deque((kept for kept in self._kept if kept.uri != uri), maxlen=_KEPT)


def _closed_by_editor(closed: str, kept: Suggestion, rest: Suggestion) -> bool:
    """Whether what stands between cursor and suffix are closers that an editor put there by itself.

    It does so when their openers are typed; the rest of the suggestion then takes their place.
    """
    typed = rest.before[len(kept.before) :]
    opened = [_CLOSERS[char] for char in typed if char in _CLOSERS]
    if len(closed) > len(opened) or not rest.before.startswith(kept.before):
        return False
    expected = iter(rest.text)
    # Ghost text can only replace what it has itself, in this order.
    return all(char in opened for char in closed) and all(char in expected for char in closed)


def _rest(kept: Suggestion, before: str) -> str | None:
    if before.startswith(kept.before):
        typed = before[len(kept.before) :]
        return kept.text[len(typed) :] if kept.text.startswith(typed) else None
    if kept.before.startswith(before):
        taken_back = kept.before[len(before) :]
        if len(taken_back) <= _LONGEST_TAKEN_BACK and not {"\n", "\r"} & set(taken_back):
            return taken_back + kept.text
    return None
