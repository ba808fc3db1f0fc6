"""A hole ends where its text meets what follows it."""

from runtime.stopping.base import Stop

MATCH_CHARACTERS = 16
"""This many matching characters are no coincidence."""

LINE_CHARACTERS = 3
"""A whole matching line needs this many characters that are not white space."""


class SuffixMeet:
    """Ends where the text begins to repeat the suffix, compared as text, not as tokens."""

    def __init__(self, suffix: str) -> None:
        self._suffix = suffix
        stripped = suffix.lstrip()
        self._lead = suffix[: len(suffix) - len(stripped)]
        self._body = stripped

    def check(self, text: str, done: bool) -> Stop | None:
        """Cut before the first place from which the text goes on as the suffix does."""
        if not self._body:
            return None
        first = self._body[0]
        at = text.find(first)
        while at >= 0:
            if self._meets(text, at, done):
                return Stop(self._before_lead(text, at), "suffix")
            at = text.find(first, at + 1)
        return None

    def _meets(self, text: str, at: int, done: bool) -> bool:
        shared = 0
        for ours, theirs in zip(text[at:], self._body, strict=False):
            if ours != theirs:
                break
            shared += 1
        matched = self._body[:shared]
        reaches_end = at + shared == len(text)
        if shared == len(self._body) and (done or not reaches_end or self._line_like(matched)):
            return True
        if done and reaches_end and shared:
            return True
        if not self._starts_alike(text, at):
            return False
        if len(matched.strip()) >= MATCH_CHARACTERS:
            return True
        return "\n" in matched and self._line_like(matched.split("\n", 1)[0])

    def _starts_alike(self, text: str, at: int) -> bool:
        """Whether the white space before the match is the suffix's: a line matches only a line."""
        if "\n" not in self._lead:
            return True
        line = text[text.rfind("\n", 0, at) + 1 : at]
        return line == self._lead.rsplit("\n", 1)[1]

    def _line_like(self, matched: str) -> bool:
        return len(matched.strip()) >= LINE_CHARACTERS

    def _before_lead(self, text: str, at: int) -> int:
        """Leave out white space that the suffix brings itself, as much of it as it brings."""
        cut = at
        for theirs in reversed(self._lead):
            if cut == 0 or text[cut - 1] != theirs:
                break
            cut -= 1
        return cut
