"""A function's body from its signature and docstring: which span a whole-function fill replaces.

By syntax where a tree has the function whole, by indentation where it has not. The span never takes the
line break after the body, and leaves the docstring in place.
"""

import re

from tree_sitter import Node

from lsp_server import indentation
from lsp_server.languages import Language
from lsp_server.syntax import Syntax

_SIGNATURE = re.compile(
    r"^[ \t]*(?:[\w@\[\]]+[ \t]+)*?(?:def|function|func|fn|fun|sub)\b"
    r"|^(?![ \t}]*(?:if|for|foreach|while|switch|catch|else|elif|elseif|with|match|using|lock|do|try|case)\b)"
    r".*\)[^()]*[:{]\s*$|=>\s*\{\s*$"
)
_DOCSTRING = re.compile(r"[ \t]*(?:[rRuU]?)(\"\"\"|''')")


def body_span(text: str, offset: int, language: Language, syntax: Syntax | None) -> tuple[int, int] | None:
    """Start and end of the body of the function at `offset`; None where there is no function.

    The function is the one whose signature stands on the cursor's line, else the innermost one around it.
    """
    if syntax is not None and language.functions:
        node = _function_at(text, offset, language, syntax)
        if node is not None:
            span = _body_of(text, node, language, syntax)
            if span is not None:
                return span
    return _body_by_indentation(text, offset)


def _function_at(text: str, offset: int, language: Language, syntax: Syntax) -> Node | None:
    start, end = indentation.line_start(text, offset), indentation.line_end(text, offset)
    here = _starting_between(syntax, language, start, end)
    if here is not None and syntax.end(here) > end:
        return here
    around = _around(_anchor(text, offset), language, syntax)
    if around is not None and (here is None or around.id != here.id):
        # On a blank line the anchor is code above: a shallower cursor has left that function.
        blank = not text[start:end].strip()
        if blank and language.style == "indent" and not _is_stub(around):
            around = _deep_enough(around, indentation.width(text[start:offset] + "x"), language)
    return around or here


def _is_stub(node: Node) -> bool:
    """Whether a function has no statement but a docstring: a blank line below is where its body goes."""
    body = node.child_by_field_name("body")
    return (
        body is None or body.named_child_count == 0 or (body.named_child_count == 1 and _is_docstring(body))
    )


def _is_docstring(body: Node) -> bool:
    first = body.named_children[0]
    return first.type == "expression_statement" and [child.type for child in first.children] == ["string"]


def _anchor(text: str, offset: int) -> int:
    """The offset itself where code stands there, else the end of the code before it."""
    line = text[indentation.line_start(text, offset) : indentation.line_end(text, offset)]
    if line.strip():
        first = indentation.line_start(text, offset) + len(indentation.leading(line))
        return min(max(offset, first), first + len(line.strip()) - 1)
    before = len(text[:offset].rstrip())
    return max(0, before - 1)


def _around(offset: int, language: Language, syntax: Syntax) -> Node | None:
    for node in syntax.ancestors(syntax.node_at(offset)):
        if node.type in language.functions and _has_block(node):
            return node
        if node.type == "decorated_definition":
            definition = node.child_by_field_name("definition")
            if definition is not None and definition.type in language.functions:
                return definition
    return None


def _deep_enough(node: Node | None, column: int, language: Language) -> Node | None:
    """The innermost function, from `node` outwards, whose body a line at `column` belongs to."""
    while node is not None:
        if node.type in language.functions and node.start_point.column < column:
            return node
        node = node.parent
    return None


def _starting_between(syntax: Syntax, language: Language, start: int, end: int) -> Node | None:
    """The outermost function with a block that starts between two offsets."""
    first, last = syntax.to_byte(start), syntax.to_byte(end)
    queue = [syntax.root]
    while queue:
        node = queue.pop(0)
        if node.type in language.functions and first <= node.start_byte < last and _has_block(node):
            return node
        queue += [child for child in node.children if child.end_byte > first and child.start_byte < last]
    return None


def _has_block(node: Node) -> bool:
    """Whether a function has a block for a body, not one expression."""
    body = node.child_by_field_name("body")
    if body is None:
        return any(child.type in ("end", "block", ":") for child in node.children)
    return body.type not in ("parenthesized_expression",) and (
        body.type in ("block", "body_statement") or (body.text is not None and body.text[:1] == b"{")
    )


def _body_of(text: str, node: Node, language: Language, syntax: Syntax) -> tuple[int, int] | None:
    if language.style == "indent":
        return _indented_body(text, node, syntax)
    if language.style == "end":
        return _ended_body(text, node, syntax)
    body = node.child_by_field_name("body")
    if body is None or body.child_count < 2 or body.children[0].type != "{":
        return None
    close = body.children[-1]
    if close.type != "}" or close.is_missing:
        return None
    return inner_span(text, syntax.end(body.children[0]), syntax.start(close))


def _ended_body(text: str, node: Node, syntax: Syntax) -> tuple[int, int] | None:
    close = node.children[-1] if node.children else None
    if close is None or close.type != "end" or close.is_missing:
        return None
    head = node.child_by_field_name("parameters") or node.child_by_field_name("name")
    return inner_span(text, syntax.end(head), syntax.start(close)) if head is not None else None


def _indented_body(text: str, node: Node, syntax: Syntax) -> tuple[int, int] | None:
    colon = next((child for child in reversed(node.children) if child.type == ":"), None)
    if colon is None or colon.is_missing:
        return None
    head_end = syntax.end(colon)
    body = node.child_by_field_name("body")
    column = indentation.width(indentation.line_at(text, syntax.start(node)))
    last = head_end
    if body is not None and body.named_child_count:
        last = syntax.end(body)
        first = body.named_children[0]
        on_head_line = first.start_point.row == colon.end_point.row
        if _is_docstring(body):
            head_end = syntax.end(first)
        elif on_head_line:
            return head_end, max(last, syntax.end(first))
    return _below(text, head_end, column, None if node.has_error else last)


def _below(text: str, head_end: int, column: int, last: int | None) -> tuple[int, int]:
    """The lines below a head that are indented deeper than `column`, at least up to `last`."""
    start = indentation.next_line(text, head_end)
    if start is None:
        end = indentation.line_end(text, head_end)
        return end, end
    end = max(
        indentation.indented_end(text, start, column), last if last is not None and last > start else start
    )
    if end > start:
        return _without_blank_lines(text, start, end), end
    if _separates(text, start, column):
        head_line_end = indentation.line_end(text, head_end)
        return head_line_end, head_line_end
    return start, indentation.line_end(text, start)


def _separates(text: str, start: int, column: int) -> bool:
    """Whether the line below a head is not there for the body: code, or a blank line that keeps code apart.

    A blank line is the body's where it is indented, where nothing follows, or where enough of them
    would be left: two before what stands at the left margin, one before anything else.
    """
    blank, at = 0, start
    while not (line := text[at : indentation.line_end(text, at)]).strip():
        if blank == 0 and indentation.width(line) > column:
            return False
        blank += 1
        following = indentation.next_line(text, at)
        if following is None:
            return False
        at = following
    return blank <= (1 if indentation.width(line) else 2)


def _without_blank_lines(text: str, start: int, end: int) -> int:
    """Start of the first line with text between two offsets."""
    while start < end and not text[start : indentation.line_end(text, start)].strip():
        following = indentation.next_line(text, start)
        if following is None:
            break
        start = following
    return start


def is_signature(line: str) -> bool:
    """Whether a line looks like the head of a function."""
    return bool(_SIGNATURE.search(line))


def inner_span(text: str, start: int, end: int) -> tuple[int, int]:
    """The span to fill between an opening and a closing sign: whole lines where there are lines."""
    inner = text[start:end]
    content = inner.strip()
    first_break = indentation.next_line(text, start)
    if first_break is None or first_break > end:
        if not content:
            return start, end
        left = start + len(inner) - len(inner.lstrip())
        return left, left + len(content)
    if content:
        code_end = start + len(inner.rstrip())
        if not text[start : indentation.line_end(text, start)].strip():
            return _without_blank_lines(text, first_break, code_end), code_end
        return start + len(inner) - len(inner.lstrip()), code_end
    second_break = indentation.next_line(text, first_break)
    if second_break is None or second_break > end:
        head = indentation.line_end(text, start)
        return head, head
    return first_break, indentation.line_end(text, first_break)


def _body_by_indentation(text: str, offset: int) -> tuple[int, int] | None:
    """The body below the nearest signature at or above the cursor, judged by indentation alone."""
    at = indentation.line_start(text, offset)
    line = indentation.line_at(text, at)
    limit = indentation.width(line) if line.strip() else indentation.width(text[at:offset] + "x")
    here = True
    while True:
        line = indentation.line_at(text, at)
        if line.strip() and (here or indentation.width(line) < limit):
            if _SIGNATURE.search(line):
                return _below(
                    text,
                    _after_docstring(text, indentation.line_end(text, at)),
                    indentation.width(line),
                    None,
                )
            limit = min(limit, indentation.width(line))
        here = False
        if at == 0:
            return None
        at = indentation.line_start(text, at - 1)


def _after_docstring(text: str, head_end: int) -> int:
    """End of a triple-quoted string on the next line, or `head_end` where there is none."""
    start = indentation.next_line(text, head_end)
    match = _DOCSTRING.match(text, start) if start is not None else None
    if match is None:
        return head_end
    close = text.find(match.group(1), match.end())
    return close + 3 if close >= 0 else head_end
