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
    rules: list[StopRule] = [
        SuffixMeet(request.suffix, at_line_start=suffix_begins_line(request)),
        Repetition(),
    ]
    if layout == "chat":
        rules.append(FenceEnd())
    if request.mode == "line":
        rules.append(LineEnd(request.prefix, request.suffix))
    else:
        floor = block_floor(request)
        if floor > 0:
            rules.append(ScopeExit(floor, request.prefix.rsplit("\n", 1)[-1]))
    return tuple(rules)


def begins_line(prefix: str) -> bool:
    """Whether a hole after `prefix` begins a line: nothing, or white space, stands before it there."""
    return not prefix.rsplit("\n", 1)[-1].strip()


def suffix_begins_line(request: FillRequest) -> bool:
    """Whether the hole ends with a line; a region may end anywhere."""
    return request.mode != "region" and begins_line(request.prefix)


def needs_join(request: FillRequest) -> bool:
    """Whether the suffix goes on with what the hole is part of, so that the two must fit together."""
    if not request.suffix.strip():
        return False
    if request.mode == "region":
        return True
    if not begins_line(request.prefix):
        return bool(request.suffix.split("\n", 1)[0].strip()) or request.mode == "block"
    if request.mode == "line":
        return False
    floor = block_floor(request)
    return floor > 0 and suffix_indentation(request.suffix) >= floor


def suffix_indentation(suffix: str) -> int:
    """Indentation of the first line of `suffix` that has text; 0 where none has."""
    return next((indentation(line) for line in suffix.split("\n") if line.strip()), 0)


def _two_blank(lines: list[str]) -> bool:
    """Whether two blank lines end `lines`: what begins after them begins anew."""
    return len(lines) > 2 and not any(line.strip() for line in lines[-2:])


def block_floor(request: FillRequest) -> int:
    """Least indentation that the hole's lines have: deeper than the function they stand in.

    A hole may well hold the end of an inner block, but hardly the end of the function that the
    suffix still belongs to. Where no enclosing line looks like a function's head, the nearest
    enclosing block is the scope. 0 at the top level, where anything may follow.
    """
    lines = request.prefix.split("\n")
    current = lines.pop()
    if (
        request.mode != "function"
        and not current
        and not suffix_indentation(request.suffix)
        and _two_blank(lines)
    ):
        return 0
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
    functions = [line for line in heads if FUNCTION_HEAD.search(line)]
    if request.mode == "function" or not functions:
        head = (functions or heads)[0]
    else:
        # The hole may end inner functions, as far out as the one that the suffix still stands in.
        after = suffix_indentation(request.suffix)
        inside = [line for line in functions if indentation(line) < after]
        head = inside[0] if inside else functions[-1]
    return indentation(head) + 1
