"""Holes to fill, cut out of Python files or read from infilling tasks.

Knows text and Python's syntax; a model is only asked how many tokens a text has.
"""

import ast
import random
import re
import sysconfig
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lsp_server.evaluation.tasks import read_tasks
from runtime.errors import InputError
from runtime.request import FillRequest
from runtime.stopping import first_stop, rules_for

Kind = Literal["line", "lines", "span", "task"]

KINDS: tuple[Kind, ...] = ("span", "span", "line", "lines")
"""What is cut, each as often as it stands here."""

LONGEST_TOKENS = 40
"""Holes with more tokens are not used, unless told otherwise."""

TRIES_PER_HOLE = 200

_PIECE = re.compile(r"[ \t]*(?:\w+|[^\w\s]+)")
"""A word or a run of signs with the blanks before it, as byte-level tokenizers cut text."""

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A text between two others that was cut out of a file."""

    kind: Kind
    source: str
    """The file's name, or the task's id."""
    prefix: str
    suffix: str
    text: str
    """What was there."""


def standard_library() -> list[Path]:
    """The modules of the running Python: code that every reader has."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    return [path for path in sorted(folder.glob("*.py")) if path.stat().st_size > 4000]


def read_holes(
    files: Sequence[Path],
    count: int,
    *,
    seed: int,
    count_tokens: CountTokens,
    context_tokens: int,
    longest_tokens: int = LONGEST_TOKENS,
) -> list[Hole]:
    """`count` holes: the tasks of `.jsonl` and `.jsonl.gz` files first, the rest cut from the other files.

    `context_tokens`: how much text stands on each side, in tokens; it begins and ends with whole lines.
    `longest_tokens`: holes with more are not used.

    Raises:
        InputError: a file can't be read, or there are not as many holes.
    """
    context = _Context(count_tokens, context_tokens, longest_tokens)
    tasks = [path for path in files if path.name.endswith((".jsonl", ".jsonl.gz"))]
    chance = random.Random(seed)
    read = [hole for path in tasks for hole in _tasks(path, context)]
    holes = chance.sample(read, min(count, len(read)))
    sources = [path for path in files if path not in tasks]
    if len(holes) < count and sources:
        holes += _cut(sources, count - len(holes), chance, context)
    if len(holes) < count:
        raise InputError(f"The files hold only {len(holes)} holes; ask for fewer rows, or give more files.")
    return holes


class _Context:
    """Cuts the text around holes to whole lines within a budget of tokens."""

    def __init__(self, count_tokens: CountTokens, budget: int, longest: int) -> None:
        self._count = count_tokens
        self._budget = budget
        self._longest = longest

    def fits(self, text: str) -> bool:
        return 0 < self._count(text) <= self._longest

    def hole(self, kind: Kind, source: str, prefix: str, text: str, suffix: str) -> Hole:
        before = self._within(prefix.splitlines(keepends=True)[::-1])[::-1]
        after = self._within(suffix.splitlines(keepends=True))
        return Hole(kind=kind, source=source, prefix="".join(before), suffix="".join(after), text=text)

    def fillable(self, hole: Hole) -> bool:
        """Whether a model that writes what was there is not cut short, as where it leaves its function."""
        request = FillRequest(prefix=hole.prefix, suffix=hole.suffix, mode="region")
        rules = rules_for(request, "fim")
        text = hole.text
        return all(first_stop(rules, text[:end], False) is None for end in range(1, len(text)))

    def _within(self, lines: Sequence[str]) -> list[str]:
        kept: list[str] = []
        used = 0
        for line in lines:
            used += self._count(line)
            if used > self._budget and kept:
                break
            kept.append(line)
        return kept


def _tasks(path: Path, context: _Context) -> list[Hole]:
    found = [
        context.hole("task", task.id, task.prefix, task.solution, task.suffix)
        for task in read_tasks(path).tasks
        if task.language == "python"
    ]
    return [hole for hole in found if context.fits(hole.text) and context.fillable(hole)]


def _cut(files: Sequence[Path], count: int, chance: random.Random, context: _Context) -> list[Hole]:
    texts: dict[Path, tuple[list[str], list[int]] | None] = {}
    holes: list[Hole] = []
    seen: set[str] = set()
    for _ in range(TRIES_PER_HOLE * count):
        path = chance.choice(files)
        if path not in texts:
            texts[path] = _statements(path)
        found = texts[path]
        if found is None:
            continue
        lines, starts = found
        kind = chance.choice(KINDS)
        place = _place(kind, lines, starts, chance)
        if place is None:
            continue
        text = "".join(lines)
        hole = text[place[0] : place[1]]
        if hole in seen or not context.fits(hole):
            continue
        seen.add(hole)
        cut = context.hole(kind, path.name, text[: place[0]], hole, text[place[1] :])
        if context.fillable(cut):
            holes.append(cut)
        if len(holes) == count:
            break
    return holes


def _statements(path: Path) -> tuple[list[str], list[int]] | None:
    """A file's lines and the indices of those that begin a statement other than a docstring; None if none."""
    try:
        text = path.read_text(encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # old files hold escapes that Python warns of
            tree = ast.parse(text)
    except OSError as error:
        raise InputError(f"{path} can't be read ({error}).") from error
    except (UnicodeDecodeError, SyntaxError, ValueError):
        return None  # a file of another language or Python holds nothing to cut
    lines = text.splitlines(keepends=True)
    starts = {
        node.lineno - 1
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    }
    # Other line ends than LF, or a form feed, and the two counts of lines differ.
    return (lines, sorted(starts)) if starts and len(lines) == text.count("\n") else None


def _place(
    kind: Kind, lines: Sequence[str], starts: Sequence[int], chance: random.Random
) -> tuple[int, int] | None:
    """Start and end of a hole in the file's text."""
    first = chance.choice(starts)
    offset = sum(len(line) for line in lines[:first])
    line = lines[first].rstrip("\n")
    if len(line.strip()) < 6:
        return None
    if kind == "line":
        return offset, offset + len(line)
    if kind == "lines":
        last = first + chance.choice((1, 1, 2))
        if not set(range(first, last + 1)) <= set(starts):
            return None
        return offset, offset + len("".join(lines[first : last + 1]).rstrip("\n"))
    pieces = list(_PIECE.finditer(line))
    if len(pieces) < 3:
        return None
    start = chance.randrange(1, len(pieces))
    end = min(len(pieces), start + chance.randint(1, 6))
    return offset + pieces[start].start(), offset + pieces[end - 1].end()
