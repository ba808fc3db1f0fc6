"""Cuts holes out of source files, where a programmer's cursor or selection would be.

Knows text and syntax trees; does not know tokens or prompts. Where a hole ends is where its line, its
statements or its bracket end: a model that learns from these ends learns when to stop.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from tree_sitter import Node, Parser

from runtime.grammars import load_grammar
from runtime.request import Mode

Kind = Literal["line", "block", "body", "arguments", "span"]

SHARES: dict[Kind, float] = {"line": 0.2, "block": 0.35, "body": 0.2, "arguments": 0.05, "span": 0.2}
"""How often each kind is tried."""

MODES: dict[Kind, Mode] = {
    "line": "line",
    "block": "block",
    "body": "function",
    "arguments": "region",
    "span": "region",
}
"""What an editor would ask for."""

LONGEST_CHARACTERS = 700
MOST_STATEMENTS = 8
SPAN_CHARACTERS = (4, 400)

_BLOCK = re.compile(
    r"(?:^|_)(?:block|body|suite|module|program|source_file|statement_list)$|compound_statement"
)
_FUNCTION = re.compile(r"function|method|constructor|func_literal|lambda|closure|arrow")
_ARGUMENTS = re.compile(
    r"^(?:argument_list|arguments|parameters|parameter_list|formal_parameters|array|list)$"
)


@dataclass(frozen=True, slots=True)
class Cut:
    """A hole: characters `start` to `end` of a text."""

    kind: Kind
    start: int
    end: int


def cut(text: str, language: str, count: int, rng: np.random.Generator) -> list[Cut]:
    """Up to `count` different holes, of the kinds that the text has."""
    source = _Source(text, language)
    kinds, shares = list(SHARES), np.array(list(SHARES.values()))
    found: dict[tuple[int, int], Cut] = {}
    for _ in range(4 * count):
        if len(found) == count:
            break
        kind = kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))]
        span = _CUTTERS[kind](source, rng)
        if span is None:
            continue
        start, end = span
        if 0 < end - start <= LONGEST_CHARACTERS and text[start:end].strip():
            found.setdefault((start, end), Cut(kind, start, end))
    return list(found.values())


class _Source:
    """A text with what its tree offers to cut."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        self.lines = [0, *(index + 1 for index, character in enumerate(text) if character == "\n")]
        self.blocks: list[list[tuple[int, int]]] = []
        """Statements of each block."""
        self.bodies: list[tuple[int, int]] = []
        self.arguments: list[tuple[int, int]] = []
        grammar = load_grammar(language)
        if grammar is not None:
            raw = text.encode()
            # Offsets of a tree are bytes.
            self._characters = None if len(raw) == len(text) else _character_offsets(text)
            for node in _nodes(Parser(grammar).parse(raw).root_node):
                self._note(node, language)

    def span(self, node: Node) -> tuple[int, int]:
        at = (node.start_byte, node.end_byte)
        return at if self._characters is None else (self._characters[at[0]], self._characters[at[1]])

    def _solid(self, node: Node) -> tuple[int, int]:
        """A node without the line break that some grammars count in."""
        start, end = self.span(node)
        return start, start + len(self.text[start:end].rstrip())

    def line_start(self, offset: int) -> int:
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        end = self.text.find("\n", offset)
        return len(self.text) if end < 0 else end

    def _note(self, node: Node, language: str) -> None:
        if _BLOCK.search(node.type):
            statements = [self._solid(child) for child in node.named_children]
            self.blocks.append([span for span in statements if self._begins_line(span[0])])
        body = node.child_by_field_name("body") if _FUNCTION.search(node.type) else None
        if body is not None and (span := self._body(body, language)) is not None:
            self.bodies.append(span)
        if _ARGUMENTS.search(node.type) and node.child_count > 2:
            start, end = self.span(node)
            self.arguments.append((start + 1, end - 1))

    def _begins_line(self, offset: int) -> bool:
        return not self.text[self.line_start(offset) : offset].strip()

    def _body(self, body: Node, language: str) -> tuple[int, int] | None:
        """The lines of a body of more than one line, without its docstring and its brackets."""
        children = list(body.named_children)
        if language == "python" and children and _is_docstring(children[0]):
            del children[0]
        if not children:
            return None
        start, end = self.span(children[0])[0], self._solid(children[-1])[1]
        return (self.line_start(start), end) if self._begins_line(start) else None


def _is_docstring(node: Node) -> bool:
    return node.type == "expression_statement" and [child.type for child in node.children] == ["string"]


def _line(source: _Source, rng: np.random.Generator) -> tuple[int, int] | None:
    start = source.lines[int(rng.integers(len(source.lines)))]
    end = source.line_end(start)
    indent = len(source.text[start:end]) - len(source.text[start:end].lstrip())
    if start + indent >= end:
        return None
    if rng.random() < 0.3:
        return start, end + int(rng.random() < 0.5 and end < len(source.text))
    return int(rng.integers(start + indent, end)), end


def _block(source: _Source, rng: np.random.Generator) -> tuple[int, int] | None:
    usable = [block for block in source.blocks if block]
    if not usable:
        return None
    statements = usable[int(rng.integers(len(usable)))]
    first = int(rng.integers(len(statements)))
    last = min(len(statements), first + int(rng.integers(1, MOST_STATEMENTS + 1))) - 1
    end = source.line_end(statements[last][1])
    return source.line_start(statements[first][0]), end + int(rng.random() < 0.5 and end < len(source.text))


def _body(source: _Source, rng: np.random.Generator) -> tuple[int, int] | None:
    return source.bodies[int(rng.integers(len(source.bodies)))] if source.bodies else None


def _arguments(source: _Source, rng: np.random.Generator) -> tuple[int, int] | None:
    return source.arguments[int(rng.integers(len(source.arguments)))] if source.arguments else None


def _span(source: _Source, rng: np.random.Generator) -> tuple[int, int] | None:
    low, high = np.log(SPAN_CHARACTERS[0]), np.log(SPAN_CHARACTERS[1])
    length = int(np.exp(rng.uniform(low, high)))
    if length >= len(source.text):
        return None
    start = int(rng.integers(len(source.text) - length))
    return start, start + length


_CUTTERS: dict[Kind, Callable[[_Source, np.random.Generator], tuple[int, int] | None]] = {
    "line": _line,
    "block": _block,
    "body": _body,
    "arguments": _arguments,
    "span": _span,
}


def _nodes(root: Node) -> Iterator[Node]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.named_children)


def _character_offsets(text: str) -> list[int]:
    """For each byte of `text` in UTF-8, and its end, the character that it is of."""
    offsets = [index for index, character in enumerate(text) for _ in character.encode()]
    return [*offsets, len(text)]
