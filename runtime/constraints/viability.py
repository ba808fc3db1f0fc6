"""Whether a text can be the beginning of one without syntax errors, by tree-sitter's grammars.

Knows bytes; does not know tokens of a model, holes or canvases.
"""

import math
import re
import time
from dataclasses import dataclass

from tree_sitter import Parser, Point, Tree

from runtime.constraints.continuations import continuations
from runtime.constraints.parse_watch import ParseWatch
from runtime.grammars import load_grammar

_LOOK_BACK = 2_048
"""Bytes before a text's end from which a parse is listened to again where the first time was too late."""

_LEAVES = re.compile(rb"[ \t]*(?:[)\]}]|(?:else|elif|except|finally|case|default|catch)\b)")
"""A line that ends, or goes on with, something that began before it."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text and its tree."""

    text: bytes
    tree: Tree


class PrefixParser:
    """Parses texts that begin alike, each for what can still become of it."""

    def __init__(self, language: str) -> None:
        grammar = load_grammar(language)
        assert grammar is not None, "the caller has seen that there is a grammar"
        self._language = language
        self._parser = Parser(grammar)

    def parse(self, text: bytes, old: Parsed | None = None, keep_tail: int = 0) -> Parsed:
        """Parse `text` to its end, errors or not.

        What `old` has of it isn't parsed again: the same beginning, and the same last `keep_tail` bytes.
        """
        if old is None:
            return Parsed(text, self._parser.parse(text))
        return Parsed(text, self._parser.parse(text, _edited(old, text, keep_tail)))

    def is_whole(self, text: bytes, old: Parsed | None = None, keep_tail: int = 0) -> bool:
        """Whether `text` is free of errors as it stands. The other arguments are those of `parse`."""
        if not self.parse(text, old, keep_tail).tree.root_node.has_error:
            return True
        return old is not None and not self.parse(text).tree.root_node.has_error

    def viable(
        self,
        text: bytes,
        known: int = 0,
        old: Parsed | None = None,
        *,
        nested: bool = False,
        deadline: float = math.inf,
    ) -> bool:
        """Whether `text` can be the beginning of a text without errors.

        Its first `known` bytes are known to be one. `old` is a text that begins as this one does: what its
        tree has of it isn't parsed again. With `nested`, the text may begin inside brackets or blocks, which
        it may leave. True as well where `deadline`, by `time.perf_counter`, is over before an answer.
        """
        watch = self._watch(text, known, old)
        if watch.dead:
            return nested and self._leaves(text, watch.stopped_at)
        if not watch.last_token:
            return True
        for more in continuations(watch.last_token, self._language):
            if time.perf_counter() > deadline:
                return True
            longer = self._watch(text + more, known, old)
            if not longer.dead or (nested and self._leaves(text + more, longer.stopped_at)):
                return True
        return False

    def stop(
        self, text: bytes, known: int = 0, old: Parsed | None = None, *, nested: bool = False
    ) -> int | None:
        """The first byte of the token at which no text that begins with `text` is free of errors any more.

        None where there is none, and where the text leaves what it was `nested` in: of what follows nothing
        is known. The other arguments are those of `viable`.
        """
        watch = self._watch(text, known, old)
        if not watch.dead or (nested and self._leaves(text, watch.stopped_at)):
            return None
        return watch.stopped_at

    def _leaves(self, text: bytes, stop: int) -> bool:
        return _LEAVES.match(text, text.rfind(b"\n", 0, stop) + 1) is not None or text[stop : stop + 1] in (
            b")",
            b"]",
            b"}",
        )

    def _watch(self, text: bytes, known: int, old: Parsed | None) -> ParseWatch:
        watch = self._watched(text, known, old)
        if watch.dead and old is not None:
            # A tree whose end was repaired may have parts that the whole text has not: what it says against
            # a text has to be seen without it.
            watch = self._watched(text, known, None)
        if watch.unsure:
            watch = self._watched(text, max(0, min(known, len(text) - _LOOK_BACK)), None)
        return watch

    def _watched(self, text: bytes, known: int, old: Parsed | None) -> ParseWatch:
        watch = ParseWatch(self._parser, text, known)
        try:
            if old is None:
                self._parser.parse(watch.read)
            else:
                self._parser.parse(watch.read, _edited(old, text))
        finally:
            del self._parser.logger
        return watch


def _edited(old: Parsed, text: bytes, keep_tail: int = 0) -> Tree:
    """The tree of `old`, told what became of its text."""
    before, limit = old.text, min(len(old.text), len(text)) - keep_tail
    start = limit if before[:limit] == text[:limit] else _common(before, text, limit)
    old_end, new_end = len(before) - keep_tail, len(text) - keep_tail
    tree = old.tree.copy()
    tree.edit(start, old_end, new_end, _point(text, start), _point(before, old_end), _point(text, new_end))
    return tree


def _point(text: bytes, byte: int) -> Point:
    return Point(text.count(b"\n", 0, byte), byte - 1 - text.rfind(b"\n", 0, byte))


def _common(left: bytes, right: bytes, limit: int) -> int:
    """The length of what two texts have in common at their start, `limit` at most."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
