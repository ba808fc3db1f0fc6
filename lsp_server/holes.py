"""What to mask: from a cursor or a selection to the span the model rewrites.

Pure: text, offsets and a language in, a `Hole` out. Syntax decides where there is a grammar, indentation
where there is none or the code is broken. Knows nothing of the model.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tree_sitter import Node

from lsp_server import indentation
from lsp_server.function_body import body_span, is_signature
from lsp_server.languages import Language, language_by_id
from lsp_server.syntax import Syntax, parse
from runtime import InputError, Mode

_CLOSERS = re.compile(r"[\s)\]}>;:,\"'`]*")
_OPENER = re.compile(r"(?:[:{(\[]|=>|->|\b(?:do|then|else|begin|try))\s*$")
_STRING_OR_COMMENT = re.compile(r"string|comment|template|heredoc")
_LABEL = re.compile(r"^\s*(?:case\b.*|default\s*|(?:public|private|protected)\s*):\s*$")
"""Where blocks have brackets, the only lines that open one with a colon."""
_BLOCK = re.compile(
    r"(?:^|_)(?:block|body|suite|chunk|statement_list|declaration_list)$|compound_statement|body_statement"
    r"|^(?:then|do|do_group)$"
)
"""Nodes that statements stand in."""
_BRANCH = re.compile(
    r"^(?:switch_case|switch_default|case_statement|default_statement|switch_block_statement_group"
    r"|switch_section|expression_case|default_case|type_case|communication_case|if_statement|elif_clause"
    r"|else_clause|else|case_item)$"
)
"""Nodes that statements stand in beside the condition they depend on."""
_CONDITION = frozenset(("condition", "value", "name", "label", "pattern", "type", "communication"))

SyntaxSource = Callable[[], Syntax | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A span to fill: offsets in code points, `start == end` where text is only inserted."""

    start: int
    end: int
    mode: Mode


def hole_at(
    text: str,
    start: int,
    end: int | None = None,
    mode: Mode | None = None,
    language: str = "",
    *,
    syntax: SyntaxSource | None = None,
) -> Hole:
    """The span to fill at a cursor (`end` None) or for a selection.

    `syntax` gives the text's tree where the caller has it already; it is called only if needed.

    Raises:
        InputError: an offset lies outside the text, or no function is found for mode `function`.
    """
    last = start if end is None else end
    if not 0 <= start <= last <= len(text):
        raise InputError(f"The span {start} to {last} lies outside the text of {len(text)} characters.")
    spec = language_by_id(language)
    source = syntax or (lambda: parse(text, spec))
    if mode == "function":
        span = body_span(text, start, spec, source())
        if span is None:
            raise InputError("There is no function at this position whose body could be filled.")
        return Hole(start=span[0], end=span[1], mode="function")
    if end is not None and end > start:
        return Hole(start=start, end=end, mode=mode or "region")
    if mode == "region":
        return Hole(start=start, end=start, mode="region")
    return Hole(
        start=_insertion_start(text, start),
        end=insertion_end(text, start),
        mode=mode or cursor_mode(text, start, spec, source),
    )


def _insertion_start(text: str, offset: int) -> int:
    """The cursor; on a line with nothing before it, the line's start: the indentation is written anew.

    A model tells a line's indentation and its first word by one token, and the depth of what it writes
    is judged from the text alone.
    """
    start = indentation.line_start(text, offset)
    return offset if text[start:offset].strip() else start


def insertion_end(text: str, offset: int) -> int:
    """Blanks from the cursor to the line's end belong to the hole; anything else stays as it is."""
    end = indentation.line_end(text, offset)
    return end if not text[offset:end].strip() else offset


def cursor_mode(text: str, offset: int, language: Language, source: SyntaxSource) -> Mode:
    """`function` in an empty function body, `block` where a body begins or goes on, `line` elsewhere."""
    before = text[indentation.line_start(text, offset) : offset]
    after = text[offset : indentation.line_end(text, offset)]
    if not _CLOSERS.fullmatch(after):
        return "line"
    if before.strip():
        opened = before.rstrip()[-1]
        if opened in "([" and after.strip():
            return "line"  # auto-closed: an argument is wanted, not a block
        if not _opens_block(before, language) or _in_string_or_comment(offset, source()):
            return "line"
    elif _in_string_or_comment(offset, source()) or _inside_finished_block(text, offset, language, before):
        return "line"
    return "function" if _in_empty_body(text, offset, language, source()) else "block"


def _opens_block(before: str, language: Language) -> bool:
    """Whether a line, up to the cursor, is one that a block follows."""
    if language.style == "end" and is_signature(before) and before.rstrip().endswith(")"):
        return True
    if not _OPENER.search(before):
        return False
    return language.style == "indent" or not before.rstrip().endswith(":") or bool(_LABEL.match(before))


def _in_empty_body(text: str, offset: int, language: Language, syntax: Syntax | None) -> bool:
    """Whether the cursor is where a function's body is to be written and nothing of it is there yet."""
    if syntax is None or not language.functions:
        return False
    span = body_span(text, offset, language, syntax)
    # Nothing but blanks between the cursor and the place of the body.
    return span is not None and not text[min(offset, span[0]) : max(offset, span[1])].strip()


def _inside_finished_block(text: str, offset: int, language: Language, before: str) -> bool:
    """Whether the next line of code stands at the cursor's depth: one line is wanted between the two."""
    for line in indentation.split_lines(text[indentation.line_end(text, offset) :])[1:20]:
        content = line.strip()
        if content:
            closes = content[0] in ")]}" or content in language.end_words
            return not closes and indentation.width(line) == indentation.width(before + "x") > 0
    return False


def _in_string_or_comment(offset: int, syntax: Syntax | None) -> bool:
    if syntax is None or offset == 0:
        return False
    node = syntax.node_at(offset - 1, offset)
    return bool(_STRING_OR_COMMENT.search(node.type)) and syntax.end(node) >= offset


def statement_span(
    text: str, offset: int, language: str = "", *, syntax: SyntaxSource | None = None
) -> tuple[int, int]:
    """The statement at the cursor, without its indentation; its line where there is no grammar."""
    spec = language_by_id(language)
    start, end = indentation.line_start(text, offset), indentation.line_end(text, offset)
    line = text[start:end]
    first = start + len(indentation.leading(line))
    tree = (syntax or (lambda: parse(text, spec)))()
    if tree is None or not line.strip():
        return first, end
    at = max(first, min(offset, end - 1))
    for node in tree.ancestors(tree.node_at(at)):
        parent = node.parent
        if parent is None:
            break
        if _stands_in(node, parent, spec):
            return tree.start(node), tree.end(node)
    return first, end


def _stands_in(node: Node, parent: Node, language: Language) -> bool:
    """Whether a node is one of the statements that its parent is made of."""
    if language.id == "json":
        return parent.type in ("object", "array") or parent.parent is None
    if parent.parent is None or _BLOCK.search(parent.type):
        return True
    if not _BRANCH.search(parent.type) or not node.is_named or node.type.endswith(("_pattern", "_label")):
        return False
    place = next((index for index, child in enumerate(parent.children) if child.id == node.id), None)
    field = parent.field_name_for_child(place) if place is not None else None
    # What has a block of its own is taken by the block's statements or as a whole.
    return field not in _CONDITION and not _BLOCK.search(node.type) and not _BRANCH.search(node.type)
