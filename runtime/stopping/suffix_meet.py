"""A hole ends where its text meets what follows it."""

from runtime.stopping.base import Stop

SOLID_CHARACTERS = 16
"""A match is believed when it has this many characters that are not white space, ..."""

WHOLE_LINE_CHARACTERS = 12
"""... or this many and ends with a line, or is the whole suffix."""

BRACKETS = {")": "(", "]": "[", "}": "{"}


class SuffixMeet:
    """Ends where the text begins to repeat the suffix, compared as text, not as tokens.

    A short line such as `return False` may well stand twice, so it takes the lines after it to
    believe it. Waiting for them is cheap: they are drafted from the suffix itself.
    """

    def __init__(self, suffix: str, *, at_line_start: bool) -> None:
        """`at_line_start`: the hole, and so the suffix, begins a line of its own."""
        self._at_line_start = at_line_start
        stripped = suffix.lstrip()
        self._lead = suffix[: len(suffix) - len(stripped)]
        self._body = stripped.rstrip()

    def check(self, text: str, done: bool) -> Stop | None:
        """Cut before the first place from which the text goes on as the suffix does."""
        if not self._body:
            return None
        at = text.find(self._body[0])
        while at >= 0:
            if self._meets(text, at, done) and self._starts_alike(text, at):
                return Stop(self._before_lead(text, at), "suffix")
            at = text.find(self._body[0], at + 1)
        return None

    def _meets(self, text: str, at: int, done: bool) -> bool:
        shared = 0
        for ours, theirs in zip(text[at:], self._body, strict=False):
            if ours != theirs:
                break
            shared += 1
        matched = self._body[:shared]
        text_ends = at + shared == len(text)
        if shared and self._closes_own_bracket(text, at) and "\n" not in matched:
            return False
        if shared == len(self._body):
            # All of the suffix; the text must not go on in the same word.
            return done or (not text_ends and not text[at + shared].isalnum())
        if done and text_ends and shared:
            return True
        solid = sum(not character.isspace() for character in matched)
        return solid >= SOLID_CHARACTERS or (solid >= WHOLE_LINE_CHARACTERS and "\n" in matched)

    def _closes_own_bracket(self, text: str, at: int) -> bool:
        """Whether the match begins with a bracket that the text itself has opened."""
        opening = BRACKETS.get(self._body[0])
        return opening is not None and text.count(opening, 0, at) > text.count(self._body[0], 0, at)

    def _starts_alike(self, text: str, at: int) -> bool:
        """Whether the white space before the match is the suffix's: a line matches only a line."""
        if not self._at_line_start and "\n" not in self._lead:
            return True
        line = text[text.rfind("\n", 0, at) + 1 : at]
        return line == self._lead.rsplit("\n", 1)[-1]

    def _before_lead(self, text: str, at: int) -> int:
        """Leave out white space that the suffix brings itself, as much of it as it brings."""
        cut = at
        for theirs in reversed(self._lead):
            if cut == 0 or text[cut - 1] != theirs:
                break
            cut -= 1
        return cut
