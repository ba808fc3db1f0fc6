"""Holes begin where a cursor would be and end where their text ends."""

import ast

import numpy as np
import pytest

from export.adaptation.cutting import cut

PYTHON = '''
def total(items, start=0):
    """Sum of the items, é."""
    result = start
    for item in items:
        result += item
    return result


class Stack:
    def __init__(self, first, second):
        self.items = [first, second]

    def pop(self):
        if not self.items:
            raise IndexError("pop from an empty stack")
        return self.items.pop()
'''
GO = "package a\n\nfunc Add(x int, y int) int {\n\tz := x + y\n\treturn z\n}\n"


def cuts(text: str, language: str, kind: str) -> set[str]:
    found = cut(text, language, 300, np.random.default_rng(0))
    return {text[hole.start : hole.end] for hole in found if hole.kind == kind}


def test_bodies_are_whole_and_leave_the_docstring() -> None:
    bodies = cuts(PYTHON, "python", "body")
    assert "    result = start\n    for item in items:\n        result += item\n    return result" in bodies
    assert not any('"""' in body for body in bodies)
    assert cuts(GO, "go", "body") == {"\tz := x + y\n\treturn z"}


def test_lines_end_with_their_line() -> None:
    for line in cuts(PYTHON, "python", "line"):
        assert "\n" not in line.rstrip("\n")
        at = PYTHON.index(line)
        assert line.endswith("\n") or PYTHON[at + len(line)] == "\n" or line in PYTHON.replace(line, "", 1)


def test_blocks_are_statements() -> None:
    blocks = cuts(PYTHON, "python", "block")
    assert len(blocks) > 5
    for block in blocks:
        first = block.splitlines()[0]
        indent = first[: len(first) - len(first.lstrip())]
        ast.parse(
            "\n".join(line.removeprefix(indent) for line in block.splitlines()).replace("return", "x =")
        )


def test_arguments_stand_in_their_brackets() -> None:
    found = cuts(PYTHON, "python", "arguments")
    assert {"items, start=0", "self, first, second"} <= found
    assert not any(text.startswith("(") for text in found)


@pytest.mark.parametrize("language", ["python", "nothing-known"])
def test_the_seed_decides(language: str) -> None:
    first, again = (cut(PYTHON, language, 20, np.random.default_rng(4)) for _ in range(2))
    assert first == again
    assert first
