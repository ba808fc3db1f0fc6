"""Holes are cut where they can be filled, and the same ones for the same seed."""

import ast
import gzip
import json
from pathlib import Path

import pytest

from benchmarks.holes import LONGEST_TOKENS, read_holes, standard_library
from runtime.errors import InputError

SOURCE = '''"""A module."""

import math


def area(radius: float) -> float:
    """The area of a circle."""
    squared = radius * radius
    return math.pi * squared


def describe(name: str, radius: float) -> str:
    # Comments are no statements.
    text = f"{name} has an area of {area(radius):.2f}"
    if radius > 100:
        text = text + ", which is a lot"
        text = text.upper()
    return text
'''


def words(text: str) -> int:
    return len(text.split()) + text.count("\n")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "circles.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_what_was_cut_fits_back_in(source: Path) -> None:
    holes = read_holes([source], 12, seed=3, count_tokens=words, context_tokens=1000)
    assert len({hole.text for hole in holes}) == 12
    assert {hole.kind for hole in holes} == {"line", "lines", "span"}
    for hole in holes:
        assert hole.prefix + hole.text + hole.suffix == SOURCE
        ast.parse(hole.prefix + hole.text + hole.suffix)
        assert 0 < words(hole.text) <= LONGEST_TOKENS
        if hole.kind == "span":
            assert "\n" not in hole.text
        else:
            assert hole.prefix.endswith("\n") and hole.suffix.startswith("\n")
            assert hole.text.lstrip()[:1] not in ("#", '"')


def test_the_seed_decides(source: Path) -> None:
    def cut(seed: int) -> list[str]:
        holes = read_holes([source], 6, seed=seed, count_tokens=words, context_tokens=50)
        return [hole.text for hole in holes]

    assert cut(1) == cut(1)
    assert cut(1) != cut(2)


def test_the_text_around_is_whole_lines_within_the_budget(source: Path) -> None:
    for hole in read_holes([source], 8, seed=0, count_tokens=words, context_tokens=12):
        above, below = hole.prefix.splitlines(keepends=True), hole.suffix.splitlines(keepends=True)
        for lines in (above, below):
            assert sum(map(words, lines)) <= 12 or len(lines) == 1
        if hole.prefix:
            assert f"\n{hole.prefix}" in f"\n{SOURCE}"


def test_spans_begin_between_words(source: Path) -> None:
    """And a blank goes with the word behind it, as in byte-level tokens."""
    for hole in read_holes([source], 14, seed=1, count_tokens=words, context_tokens=1000):
        if hole.kind == "span":
            before, after = hole.prefix[-1], hole.text[0]
            assert after == " " or before != " "
            assert not (before.isalnum() and after.isalnum())


def test_no_hole_leaves_its_function(tmp_path: Path) -> None:
    """The fill would be cut there, whatever the model writes."""
    path = tmp_path / "sums.py"
    path.write_text(
        "def twice(number):\n"
        "    result = number + number\n"
        "    return result\n"
        "total = twice(1) + twice(2)\n"
        "print(total)\n",
        encoding="utf-8",
    )
    cut = {
        hole.text
        for seed in range(12)
        for hole in read_holes([path], 6, seed=seed, count_tokens=words, context_tokens=1000)
    }
    assert "    result = number + number\n    return result" in cut
    assert not any("result\ntotal" in text for text in cut)


def test_tasks_are_read_from_evaluation_files(tmp_path: Path) -> None:
    rows = [
        {
            "task_id": f"T/{number}",
            "entry_point": "f",
            "test": "def check(candidate): ...",
            "prompt": "def f(a, b):\n",
            "suffix": "\n    return c\n",
            "canonical_solution": f"    c = a + b * {number}",
        }
        for number in range(5)
    ]
    plain, packed = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    plain.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with gzip.open(packed, "wt", encoding="utf-8") as file:
        file.write(plain.read_text())
    for path in (plain, packed):
        holes = read_holes([path], 3, seed=0, count_tokens=words, context_tokens=99)
        assert len(holes) == 3
        assert all(hole.kind == "task" and hole.text.startswith("    c = a") for hole in holes)
        assert holes[0].prefix == "def f(a, b):\n"


def test_files_that_hold_too_little_are_refused(source: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.py"
    empty.write_text('"""Nothing but a docstring."""\n', encoding="utf-8")
    broken = tmp_path / "broken.py"
    broken.write_text("def :\n", encoding="utf-8")
    with pytest.raises(InputError, match="hold only 0 holes"):
        read_holes([empty, broken], 1, seed=0, count_tokens=words, context_tokens=99)
    with pytest.raises(InputError, match="ask for fewer rows"):
        read_holes([source], 500, seed=0, count_tokens=words, context_tokens=99)
    with pytest.raises(InputError, match=r"missing\.py can't be read"):
        read_holes([tmp_path / "missing.py"], 1, seed=0, count_tokens=words, context_tokens=99)
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text('{"task_id": "T/1"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"line 1: .* missing"):
        read_holes([tasks], 1, seed=0, count_tokens=words, context_tokens=99)


def test_the_standard_library_holds_enough() -> None:
    holes = read_holes(standard_library(), 20, seed=0, count_tokens=words, context_tokens=96)
    assert len({hole.source for hole in holes}) > 10
