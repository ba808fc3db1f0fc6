"""Syntax trees addressed by code-point offsets.

Parses, and re-parses after edits what they touched. Knows nodes; does not know what will be masked.
"""

from collections.abc import Iterator
from copy import copy

from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser, Point, Tree

from lsp_server.documents import Edit
from lsp_server.languages import Language
from lsp_server.right_of_way import Pause, no_pause
from runtime import load_grammar

_PIECE_BYTES = 2048


def grammar_of(language: Language) -> Grammar | None:
    """The language's grammar; None where there is none."""
    return load_grammar(language.id)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a lone surrogate becomes one "?"


class Syntax:
    """A parsed text. Offsets in and out are code points; the tree's own are UTF-8 bytes."""

    def __init__(self, text: str, language: Language, tree: Tree, data: bytes) -> None:
        self.text = text
        self.language = language
        self.tree = tree
        self._data = data
        self._ascii = len(data) == len(text)

    def copied(self) -> "Syntax":
        """The same tree for another thread, untouched by edits that this one is told of."""
        return Syntax(self.text, self.language, copy(self.tree), self._data)

    @property
    def root(self) -> Node:
        """The whole text's node."""
        return self.tree.root_node

    def piece(self, start_byte: int, end_byte: int) -> bytes:
        """The text between two byte offsets, as UTF-8."""
        return self._data[start_byte:end_byte]

    def to_byte(self, offset: int) -> int:
        """UTF-8 bytes before a code-point offset."""
        return offset if self._ascii else len(_encode(self.text[:offset]))

    def to_offset(self, byte: int) -> int:
        """Code points before a byte offset that lies on a character's border."""
        return byte if self._ascii else len(self._data[:byte].decode("utf-8", "replace"))

    def start(self, node: Node) -> int:
        """Offset of a node's first character."""
        return self.to_offset(node.start_byte)

    def end(self, node: Node) -> int:
        """Offset after a node's last character."""
        return self.to_offset(node.end_byte)

    def node_at(self, start: int, end: int | None = None) -> Node:
        """The smallest node that covers a span, or the character at `start`."""
        first = self.to_byte(start)
        last = first if end is None else self.to_byte(end)
        return self.root.descendant_for_byte_range(first, last) or self.root

    def ancestors(self, node: Node) -> Iterator[Node]:
        """The node itself, then its parents up to the root."""
        step: Node | None = node
        while step is not None:
            yield step
            step = step.parent


def parse(text: str, language: Language) -> Syntax | None:
    """Parse a text; None where there is no grammar."""
    grammar = grammar_of(language)
    if grammar is None:
        return None
    data = _encode(text)
    return Syntax(text, language, Parser(grammar).parse(data), data)


def parse_in_pieces(
    text: str, language: Language, pause: Pause = no_pause, old: Syntax | None = None
) -> Syntax | None:
    """`parse`, or `reparse` of `old`, for a background thread: it pauses between pieces of the text."""
    grammar = grammar_of(language)
    if grammar is None:
        return None
    data = _encode(text)

    def piece(start: int, _: Point) -> bytes:
        pause()
        return data[start : start + _PIECE_BYTES]

    parser = Parser(grammar)
    tree = parser.parse(piece) if old is None else parser.parse(piece, old.tree)
    return Syntax(text, language, tree, data)


def edit_tree(tree: Tree, before: str, edit: Edit, after: str) -> None:
    """Tell a tree about an edit, so that the next parse can reuse it."""
    start, start_point = _byte_and_point(before, edit.start)
    old_end, old_point = _byte_and_point(before, edit.old_end)
    new_end, new_point = _byte_and_point(after, edit.new_end)
    tree.edit(start, old_end, new_end, start_point, old_point, new_point)


def reparse(old: Syntax, text: str) -> Syntax:
    """Parse an edited text, reusing the old tree, which `edit_tree` has told of every edit."""
    data = _encode(text)
    grammar = grammar_of(old.language)
    assert grammar is not None
    return Syntax(text, old.language, Parser(grammar).parse(data, old.tree), data)


def _byte_and_point(text: str, offset: int) -> tuple[int, Point]:
    data = _encode(text[:offset])
    return len(data), Point(data.count(b"\n"), len(data) - 1 - data.rfind(b"\n"))
