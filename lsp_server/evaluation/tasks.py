"""Infilling tasks, read from files in the two forms of the field. Knows files and rows; runs nothing.

`openai/human-eval-infilling`: `task_id`, `entry_point`, `prompt`, `suffix`, `canonical_solution`, `test`.
`bigcode/santacoder-fim-task`: `name`, `language`, `prompt`, `suffix`, `canonical_solution`, `tests`; single
lines of HumanEval in Python, Java and JavaScript, from MultiPL-E.
"""

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lsp_server.languages import language_by_id, language_of_path
from runtime import InputError

Form = Literal["human-eval-infilling", "santacoder-fim"]

_FIELDS: dict[Form, tuple[str, ...]] = {
    "human-eval-infilling": ("task_id", "entry_point", "prompt", "suffix", "canonical_solution", "test"),
    "santacoder-fim": ("name", "language", "prompt", "suffix", "canonical_solution", "tests"),
}
_BASE = re.compile(r"[A-Za-z]\w*?[/_]\d+(?![A-Za-z0-9])")
"""A problem's name and number: HumanEval/40, HumanEval_40."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A hole, what stood in it, and how to tell whether another text does as well."""

    id: str
    """`task_id` or `name`; `name` with the language where a file has several."""
    form: Form
    language: str
    """As the LSP spells it."""
    prefix: str
    suffix: str
    solution: str
    """What stood there."""
    test: str
    entry_point: str
    """The function under test; empty where the row doesn't name it."""

    @property
    def kind(self) -> str:
        """What the row's maker cut out, by its id: `SingleLineInfilling`, `RandomSpanInfilling` …"""
        return "SingleLineInfilling" if self.form == "santacoder-fim" else self.id.split("/")[0]

    @property
    def base(self) -> str:
        """The problem that the hole was cut into; the holes of one problem are no independent samples."""
        found = _BASE.search(self.id)
        return found.group().replace("_", "/") if found else self.id

    def filled(self, text: str) -> str:
        """The code with `text` in its hole."""
        return self.prefix + text + self.suffix


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFile:
    """A file's tasks, in its order."""

    name: str
    sha256: str
    """Of its text."""
    tasks: tuple[Task, ...]


def read_tasks(path: Path) -> TaskFile:
    """Read a `.jsonl` or `.jsonl.gz` file.

    Raises:
        InputError: it can't be read, is no gzip or UTF-8 or JSON, holds no row or one that is not whole.
    """
    data = _bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(f"{path}, line {line}: not UTF-8 text; save the tasks as UTF-8.") from None
    rows = list(_rows(path, text))
    if not rows:
        raise InputError(f"{path} holds no tasks; it takes one JSON object a line.")
    several = len({row.get("language") for _, row in rows}) > 1
    tasks: dict[str, Task] = {}
    lines: dict[str, int] = {}
    for line, row in rows:
        task = _task(f"{path}, line {line}", row, several)
        if task.id in tasks:
            raise InputError(
                f"{path}, line {line}: {task.id!r} was line {lines[task.id]} already; ids must differ."
            )
        tasks[task.id], lines[task.id] = task, line
    return TaskFile(name=path.name, sha256=hashlib.sha256(data).hexdigest(), tasks=tuple(tasks.values()))


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} can't be read ({error.strerror}).") from None
    packed = data[:2] == b"\x1f\x8b"
    if not packed:
        if path.suffix == ".gz" and data:
            raise InputError(f"{path} is called .gz but is not compressed by gzip; rename or compress it.")
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} is damaged: gzip can't unpack it ({error}).") from None


def _rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            what = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
            raise InputError(f"{where}: not JSON ({what}); it takes one JSON object a line.") from None
        if not isinstance(row, dict):
            raise InputError(f"{where}: a {type(row).__name__}, where one JSON object a line is wanted.")
        yield number, row


def _task(where: str, row: dict[str, Any], several_languages: bool) -> Task:
    form: Form = "human-eval-infilling" if "task_id" in row else "santacoder-fim"
    if "task_id" not in row and "name" not in row:
        raise InputError(
            f"{where}: neither `task_id` (human-eval-infilling) nor `name` (santacoder-fim): no task."
        )
    missing = [field for field in _FIELDS[form] if field not in row]
    if missing:
        names = ", ".join(f"`{field}`" for field in missing)
        raise InputError(f"{where}: {names} missing; {form} has {', '.join(_FIELDS[form])}.")
    for field in _FIELDS[form]:
        if not isinstance(row[field], str):
            raise InputError(f"{where}: `{field}` is a {type(row[field]).__name__}, where a text is wanted.")
        if any("\ud800" <= char <= "\udfff" for char in row[field]):
            raise InputError(f"{where}: `{field}` holds half of a surrogate pair, which is no text.")
    if form == "human-eval-infilling":
        return _human_eval(where, row)
    return _santacoder(where, row, several_languages)


def _human_eval(where: str, row: dict[str, Any]) -> Task:
    if not row["entry_point"].isidentifier():
        raise InputError(
            f"{where}: `entry_point` is {row['entry_point']!r}, which can't be a function's name."
        )
    return Task(
        id=row["task_id"],
        form="human-eval-infilling",
        language="python",
        prefix=row["prompt"],
        suffix=row["suffix"],
        solution=row["canonical_solution"],
        test=row["test"],
        entry_point=row["entry_point"],
    )


def _santacoder(where: str, row: dict[str, Any], several_languages: bool) -> Task:
    language = language_by_id(row["language"]).id or language_of_path(f"x.{row['language']}")
    if not language:
        raise InputError(f"{where}: `language` is {row['language']!r}, which spanfill doesn't know.")
    prompt, suffix, solution = row["prompt"], row["suffix"], row["canonical_solution"]
    # The rows are lines that were taken apart at their line breaks, which some rows have and some not.
    if prompt and not prompt.endswith("\n") and not solution.startswith("\n"):
        prompt += "\n"
    if suffix and not suffix.startswith("\n") and not solution.endswith("\n"):
        suffix = "\n" + suffix
    name = row["name"]
    return Task(
        id=f"{name}/{row['language']}" if several_languages else name,
        form="santacoder-fim",
        language=language,
        prefix=prompt,
        suffix=suffix,
        solution=solution,
        test=row["tests"],
        entry_point=re.sub(r"^[A-Za-z]+_\d+_", "", name),
    )
