"""A file's outline: the heads of its functions and classes, with the first line of what is said of them.

From a syntax tree to small texts that tell a reader how to call things, and nothing of how they work.
Knows node kinds; reads no files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from lsp_server.outline_kinds import OutlineKinds, kinds_of
from lsp_server.right_of_way import Pause, no_pause
from lsp_server.syntax import Syntax

_WHOLE_LINES = 12
"""A type this short is shown as it stands; of a longer one the head."""
_MEMBERS = 16
"""Most members of a class that are shown."""
_HEAD_CHARACTERS = 400
_DECORATOR_CHARACTERS = 80
_DEPTH = 4
_DOCSTRING = re.compile(r"[rRuU]?(\"\"\"|'''|\"|')\s*(.*?)\s*(?:\1|\n|$)", re.DOTALL)
_COMMENT_SIGNS = re.compile(r"^\s*(?:/\*+!?|//+!?|#+|--+|\*+(?!/))\s?|\s*\*+/\s*$")
_TRANSPARENT = frozenset(("export_statement", "body_statement"))
"""What a comment above its first child may stand before."""
_FIELD = re.compile(r"[A-Za-z]\w*\s*:|[A-Z][A-Z0-9_]*\s*=")
"""A declared field of a Python class, or a member of an enumeration."""
_PRIVATE = re.compile(r"^(?:_(?!_)|#)")


@dataclass(frozen=True, slots=True)
class Definition:
    """One function, class or type."""

    name: str
    text: str
    """Its head, with the first line of its description; a class with the heads of its members."""
    line: str
    """The line it begins on, as it stands in the file."""


class OutlineMemo:
    """A text's outline piece by piece, so that the next one after an edit only looks at what has changed."""

    def __init__(self) -> None:
        self.pieces: dict[bytes, tuple[Definition, ...]] = {}
        """What each statement at the top defines, by its text and the comments above it."""


def outline(
    syntax: Syntax, memo: OutlineMemo | None = None, pause: Pause = no_pause
) -> tuple[Definition, ...]:
    """The definitions of a file in the order they stand; empty for languages without any.

    `memo` is the one of the same text's last outline.
    """
    kinds = kinds_of(syntax.language.id)
    if kinds is None:
        return ()
    maker = _Outline(syntax, kinds)
    before = memo.pieces if memo is not None else {}
    pieces: dict[bytes, tuple[Definition, ...]] = {}
    found: list[Definition] = []
    since = 0
    for node in syntax.root.named_children:
        piece = syntax.piece(since, node.end_byte)
        known = before.get(piece)
        if known is None:
            known = tuple(maker.definitions(node, 0))
            pause()
        pieces[piece] = known
        found += known
        if "comment" not in node.type:
            since = node.end_byte
    if memo is not None:
        memo.pieces = pieces
    return tuple(found)


class _Outline:
    def __init__(self, syntax: Syntax, kinds: OutlineKinds) -> None:
        self._syntax = syntax
        self._kinds = kinds
        self._indented = syntax.language.style == "indent"

    def definitions(self, node: Node, depth: int) -> Iterator[Definition]:
        """What a node defines, or what it wraps does."""
        if node.type in self._kinds.wrappers or node.type == "ERROR":
            if depth < _DEPTH:
                for child in node.named_children:
                    yield from self.definitions(child, depth + 1)
            return
        text = self._definition(node)
        name = self._name(node) if text else ""
        if name:
            yield Definition(name, text, _text(node).split("\n", 1)[0].rstrip())

    def _definition(self, node: Node) -> str:
        """A definition's text; empty where a node defines nothing."""
        kinds, text = self._kinds, ""
        if node.type in kinds.classes:
            return self._class(node)
        if node.type in kinds.functions:
            text = self._function(node)
        elif node.type in kinds.types:
            text = self._type(node)
        elif node.type in kinds.assignments and (value := _function_value(node, kinds)) is not None:
            head = self._head(node, _body(value) or _last_word(value))
            text = head.rstrip("=>{; ") + kinds.closing
        elif node.type in kinds.prototypes and _find(node, "function_declarator") is not None:
            text = _flat(_text(node))
        return text and self._described(node, text)

    def _name(self, node: Node) -> str:
        named = node.child_by_field_name("name") or node.child_by_field_name("type")
        if node.type == "impl_item":
            named = node.child_by_field_name("type")
        if named is None or node.type in ("function_definition", "type_definition", "declaration"):
            named = _declared(node) or named
        if named is None:
            for kind in ("type_spec", "variable_declarator", "variable_list"):
                inner = _find(node, kind)
                if inner is not None:
                    named = inner.child_by_field_name("name")
                    break
        # `M.f`, `A::q`: known by the last part.
        return re.split(r"[.:<\[\s]", _text(named))[-1] if named is not None else ""

    def _function(self, node: Node) -> str:
        head = self._head(node, _body(node) or _last_word(node))
        if not self._indented:
            return head.rstrip("{; ") + self._kinds.closing
        return head.rstrip().rstrip(":") + ":" + ("" if _docstring(node) else " ...")

    def _head(self, node: Node, body: Node | None) -> str:
        data = node.text or b""
        end = len(data) if body is None else max(0, body.start_byte - node.start_byte)
        return _flat(data[:end].decode("utf-8", "replace"))[:_HEAD_CHARACTERS]

    def _type(self, node: Node) -> str:
        if node.end_point.row - node.start_point.row < _WHOLE_LINES:
            text = _dedented(_text(node), node.start_point.column)
        else:
            text = _flat(_text(node).split("\n", 1)[0])
        return f"{text};" if node.type.endswith("_specifier") else text

    def _class(self, node: Node) -> str:
        body = _body(node)
        head = self._head(node, body).rstrip("{ ")
        members = list(self._members(body)) if body is not None else []
        if self._indented:
            said = _docstring(node)
            lines = ([f'"""{said}"""'] if said else []) + members
            head = _decorators(node, "\n") + head.rstrip().rstrip(":") + ":"
            return "\n    ".join([head, *lines]) if lines else f"{head} ..."
        opening, closing = self._kinds.brackets
        inner = "".join(f"  {line}\n" for member in members for line in member.split("\n"))
        whole = f"{head}{opening}\n{inner}{closing}" if inner else head.rstrip("{}; ") + self._kinds.closing
        return self._described(node, whole)

    def _members(self, body: Node) -> Iterator[str]:
        found = 0
        for node in self._unwrapped(body):
            if node.type == "access_specifier":
                if _text(node).startswith("private"):
                    return  # what follows is nobody's business
                continue
            text = self._member(node)
            if text is None:
                continue
            yield text
            found += 1
            if found == _MEMBERS:
                return

    def _unwrapped(self, body: Node) -> Iterator[Node]:
        for node in body.named_children:
            if node.type in self._kinds.wrappers:
                yield from node.named_children
            else:
                yield node

    def _member(self, node: Node) -> str | None:
        if self._kinds.private.search(_text(node)[:80]):
            return None
        if node.type in self._kinds.functions or node.type in self._kinds.methods:
            if _PRIVATE.search(self._name(node)):
                return None
            text = _decorators(node, "\n    ") + self._function(node)
            return text + " ..." if self._indented and not text.endswith("...") else text
        if node.type in self._kinds.fields:
            text = _flat(_text(node))
            if self._indented and not _FIELD.match(text):
                return None
            if self._kinds.closing == ";" and text[-1:] not in ";}":
                text += ";"
            return text if len(text) <= _HEAD_CHARACTERS else None
        return None

    def _described(self, node: Node, text: str) -> str:
        """`text` with the first line of a docstring below, or of the comment above."""
        if self._indented:
            said = _docstring(node)
            return f'{text}\n    """{said}"""' if said and not text.endswith("...") else text
        said = _comment_above(node)
        return f"{self._syntax.language.line_comment} {said}\n{text}" if said else text


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _flat(text: str) -> str:
    """A head on one line."""
    text = re.sub(r"\s*[\r\n]\s*", " ", text.strip())
    return re.sub(r",? ([)\]])", r"\1", text.replace("( ", "("))


def _dedented(text: str, column: int) -> str:
    first, *rest = text.split("\n")
    return "\n".join([first, *(line[column:] if not line[:column].strip() else line for line in rest)])


def _body(node: Node) -> Node | None:
    return node.child_by_field_name("body")


def _last_word(node: Node) -> Node | None:
    """The word that ends a function with nothing in it."""
    last = node.children[-1] if node.children else None
    return last if last is not None and last.type == "end" else None


def _declared(node: Node) -> Node | None:
    """The name inside C's declarators."""
    found = node.child_by_field_name("declarator")
    while found is not None and (inner := found.child_by_field_name("declarator")) is not None:
        found = inner
    if found is not None and found.type == "parenthesized_declarator":
        found = found.named_children[0] if found.named_children else None
        found = found.named_children[-1] if found is not None and found.named_children else found
    return found


def _find(node: Node, kind: str) -> Node | None:
    """The first node of a kind, a few levels down."""
    level = [node]
    for _ in range(_DEPTH):
        level = [child for parent in level for child in parent.named_children]
        for child in level:
            if child.type == kind:
                return child
    return None


def _function_value(node: Node, kinds: OutlineKinds) -> Node | None:
    for kind in kinds.values:
        found = _find(node, kind)
        if found is not None:
            return found
    return None


def _decorators(node: Node, line_break: str) -> str:
    """A definition's decorators, which change how it is called: keyword-only fields, properties."""
    parent = node.parent
    if parent is None or parent.type != "decorated_definition":
        return ""
    texts = [_flat(_text(child)) for child in parent.named_children if child.type == "decorator"]
    return "".join(text + line_break for text in texts if len(text) <= _DECORATOR_CHARACTERS)


def _docstring(node: Node) -> str:
    """The first line of a docstring; empty where there is none."""
    body = _body(node)
    first = body.named_children[0] if body is not None and body.named_children else None
    if first is None or first.type != "expression_statement":
        return ""
    match = _DOCSTRING.match(_text(first))
    return match.group(2).split("\n", 1)[0].strip() if match else ""


def _comment_above(node: Node) -> str:
    """The first line of the comment that ends on the line above a node, or above what wraps it."""
    while node.prev_named_sibling is None and node.parent is not None and node.parent.type in _TRANSPARENT:
        node = node.parent
    above, first, row = node.prev_named_sibling, None, node.start_point.row
    while above is not None and "comment" in above.type:
        end = above.end_point
        if (end.row if end.column else end.row - 1) != row - 1:
            break
        first, row = above, above.start_point.row
        above = above.prev_named_sibling
    if first is None:
        return ""
    for line in _text(first).split("\n"):
        said = re.sub(r"</?\w+>", "", _COMMENT_SIGNS.sub("", _COMMENT_SIGNS.sub("", line))).strip()
        if said:
            return said
    return ""
