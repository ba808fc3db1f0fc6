"""Which stop rules a request needs."""

import re

from runtime.request import FillRequest
from runtime.stopping.base import StopRule
from runtime.stopping.fence import FenceEnd
from runtime.stopping.line_end import LineEnd
from runtime.stopping.repetition import Repetition
from runtime.stopping.scope_exit import ScopeExit, indentation
from runtime.stopping.suffix_meet import SuffixMeet

FUNCTION_HEAD = re.compile(
    r"^\s*(?:\w+\s+)*(?:def|fn|func|function)\b"
    r"|^\s*(?!if\b|for\b|while\b|switch\b|catch\b|with\b|match\b|else\b|\})[\w<>,:*&\s\[\].]+\([^;]*\)[^;]*\{\s*$"
    r"|=>\s*\{\s*$"
)
"""A line that begins a function: by keyword, or a parameter list before an opening brace."""

OPENS_BLOCK = re.compile(r"[:{(\[]\s*$")
CONTINUES = ")]}"
"""A line that begins so ends a bracket; it is not the head of what follows."""


def rules_for(request: FillRequest, layout: str) -> tuple[StopRule, ...]:
    """The rules for a request's mode and prompt layout."""
    rules: list[StopRule] = [SuffixMeet(request.suffix), Repetition()]
    if layout == "chat":
        rules.append(FenceEnd())
    if request.mode == "line":
        rules.append(LineEnd(request.prefix, request.suffix))
    else:
        floor = block_floor(request)
        if floor > 0:
            rules.append(ScopeExit(floor, _inside_line(request.prefix)))
    return tuple(rules)


def _inside_line(prefix: str) -> bool:
    return bool(prefix.rsplit("\n", 1)[-1].strip())


def block_floor(request: FillRequest) -> int:
    """Least indentation that the hole's lines have: deeper than the function they stand in.

    A hole may well hold the end of an inner block, but hardly the end of its function. Where no
    enclosing line looks like a function's head, the nearest enclosing block is the scope. 0 at the
    top level, where anything may follow.
    """
    lines = request.prefix.split("\n")
    current = lines.pop()
    above = [line for line in lines if line.strip()]
    if current.strip():
        here = indentation(current)
    elif above and OPENS_BLOCK.search(above[-1]):
        here = indentation(above[-1]) + 1
    elif current:
        here = indentation(current)
    else:
        here = indentation(above[-1]) if above else 0
    heads = []
    for line in reversed(above):
        if here == 0:
            break
        if indentation(line) < here and line.lstrip()[0] not in CONTINUES:
            here = indentation(line)
            heads.append(line)
    if not heads:
        return 0
    head = next((line for line in heads if FUNCTION_HEAD.search(line)), heads[0])
    return indentation(head) + 1
