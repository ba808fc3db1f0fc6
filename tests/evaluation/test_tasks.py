import gzip
from pathlib import Path
from typing import Any

import pytest
from rows import line, row, write

from lsp_server.evaluation.asking import Asking, mode_of, request_of
from lsp_server.evaluation.programs import program_of
from lsp_server.evaluation.sandbox.execution import Program
from lsp_server.evaluation.tasks import Task, read_tasks
from runtime import InputError


def read(tmp_path: Path, *rows: dict[str, Any]) -> tuple[Task, ...]:
    return read_tasks(write(tmp_path / "tasks.jsonl", *rows)).tasks


def complaint(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        read_tasks(path)
    (sentence,) = str(raised.value).splitlines()
    return sentence


def test_packed_and_plain_files_hold_the_same(tmp_path: Path) -> None:
    plain = write(tmp_path / "a.jsonl", row(1), row(2))
    packed = tmp_path / "b.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_tasks(plain).tasks == read_tasks(packed).tasks
    assert read_tasks(plain).sha256 == read_tasks(packed).sha256
    assert len(read_tasks(plain).tasks) == 2


def test_holes_of_one_problem_have_one_base(tmp_path: Path) -> None:
    ids = (
        "MultiLineInfilling/HumanEval/40/L0_L1",
        "RandomSpanInfilling/HumanEval/40/7",
        "Other/40/1",
        "plain",
    )
    tasks = read(tmp_path, *(row(task_id=name) for name in ids))
    assert [task.base for task in tasks] == ["HumanEval/40", "HumanEval/40", "Other/40", "plain"]
    (lined,) = read(tmp_path, line(40))
    assert lined.base == "HumanEval/40"


def test_lines_are_joined_by_line_breaks(tmp_path: Path) -> None:
    (bare,) = read(tmp_path, line())
    assert bare.filled(bare.solution) == "def double(number):\n    result = number * 2\n    return result"
    (broken,) = read(
        tmp_path,
        line(
            prompt="def double(number):\n",
            canonical_solution="    result = number * 2\n",
            suffix="    return 1",
        ),
    )
    assert broken.filled(broken.solution) == "def double(number):\n    result = number * 2\n    return 1"
    (last,) = read(tmp_path, line(suffix=""))
    assert last.suffix == ""


def test_rows_of_several_languages_share_their_names(tmp_path: Path) -> None:
    tasks = read(tmp_path, line(), line(language="js"), line(language="java"))
    assert [task.id for task in tasks] == [f"HumanEval_1_double/{name}" for name in ("py", "js", "java")]
    assert [task.language for task in tasks] == ["python", "javascript", "java"]
    assert "not run" in str(program_of(tasks[2], "x"))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("prompt", None, "`prompt` is a NoneType"),
        ("test", ["assert True"], "`test` is a list"),
        ("entry_point", "double; import os", "can't be a function's name"),
        ("suffix", "\ud800", "half of a surrogate pair"),
    ],
)
def test_fields_of_the_wrong_kind(tmp_path: Path, field: str, value: Any, said: str) -> None:
    path = write(tmp_path / "tasks.jsonl", row(1), row(2, **{field: value}))
    sentence = complaint(path)
    assert f"{path}, line 2: " in sentence and said in sentence


@pytest.mark.parametrize("field", ["entry_point", "prompt", "suffix", "canonical_solution", "test"])
def test_missing_fields(tmp_path: Path, field: str) -> None:
    rows = row()
    del rows[field]
    path = write(tmp_path / "tasks.jsonl", rows)
    assert f"line 1: `{field}` missing" in complaint(path)


def test_files_that_hold_no_tasks(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    assert "can't be read (No such file or directory)" in complaint(path)
    path.write_bytes(b"\n \n")
    assert "holds no tasks" in complaint(path)
    path.write_bytes(b"{}\n")
    assert "line 1: neither `task_id`" in complaint(path)
    path.write_bytes(b"[1]\n")
    assert "line 1: a list" in complaint(path)
    path.write_bytes(b'{"a": }\n')
    assert "line 1: not JSON" in complaint(path)
    path.write_bytes(b"[" * 100_000)
    assert "line 1: not JSON" in complaint(path)
    path.write_bytes(b'{"a": 1}\n{"b": "\xff"}\n')
    assert "line 2: not UTF-8" in complaint(path)
    write(path, row(1), row(2), row(1))
    assert "line 3: 'SingleLineInfilling/HumanEval/1/L1' was line 1 already" in complaint(path)
    assert "can't be read (Is a directory)" in complaint(tmp_path)


def test_files_that_are_no_gzip(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl.gz"
    write(path, row())
    assert "is not compressed by gzip" in complaint(path)
    whole = gzip.compress(path.read_bytes())
    path.write_bytes(whole[:-20])
    assert "gzip can't unpack it" in complaint(path)
    path.write_bytes(whole[:30] + bytes(20) + whole[50:])
    assert "gzip can't unpack it" in complaint(path)


def test_the_mode_is_the_kind_of_the_task(tmp_path: Path) -> None:
    def mode(**changes: Any) -> str:
        (task,) = read(tmp_path, row(**changes))
        return mode_of(task)

    assert mode() == "line"
    assert mode(task_id="RandomSpanInfillingLight/HumanEval/1/2") == "region"
    several = "MultiLineInfilling/HumanEval/1/L0_L1"
    assert mode(task_id=several) == "block"
    assert mode(task_id=several, suffix="") == "function"
    assert mode(task_id=several, suffix="\n\ndef other():\n    return 1\n") == "function"
    begun = 'def double(number):\n    """Twice."""\n    print(number)\n'
    assert mode(task_id=several, prompt=begun, suffix="") == "block"
    (lined,) = read(tmp_path, line())
    assert mode_of(lined) == "line"


def test_the_solution_tells_its_length_to_an_oracle_alone(tmp_path: Path) -> None:
    """Nothing else of what is asked depends on it."""
    one, other = (
        read(tmp_path, row(task_id="MultiLineInfilling/HumanEval/1/L0", canonical_solution=solution))[0]
        for solution in ("    pass\n", "    result = number * 2\n    return result\n" * 9)
    )
    for length in (None, "cal", "fixed:9"):
        asking = Asking(length=length)
        assert request_of(one, asking, 3) == request_of(other, asking, 90)
    assert request_of(other, Asking(length="oracle"), 90).length == "oracle:90"
    assert request_of(other, Asking(length="oracle"), 0).length == "oracle:1"


def test_tests_that_only_define_are_called(tmp_path: Path) -> None:
    def source(**changes: Any) -> str:
        (task,) = read(tmp_path, line(**changes))
        program = program_of(task, task.solution)
        assert isinstance(program, Program)
        return program.source

    assert source().endswith("check(double)\n")
    called = "def check(candidate):\n    assert candidate(2) == 4\n\ncheck(double)\n"
    assert source(tests=called).count("check(double)") == 1
    assert source(tests="assert double(2) == 4\n").endswith("assert double(2) == 4\n\n")
