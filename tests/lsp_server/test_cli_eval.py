"""`spanfill eval` from end to end, on solutions and on a tiny model."""

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "evaluation"))  # the rows of the tests of evaluation

from rows import line, row, write

from lsp_server.cli.eval import _length
from lsp_server.evaluation.ledger import Ledger
from lsp_server.evaluation.results import RowResult
from runtime import InputError, UsageError

KEYS = {
    *("rows", "pass_at_1", "pass_at_1_ci95", "exact_match", "edit_similarity", "tokens_per_pass"),
    *("ms_p50", "ms_p95", "length_policy", "model", "sampler"),
}
ROW_KEYS = {"task_id", "outcome", "completion", "tokens", "passes", "ms"}


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "lsp_server.cli.main", "eval", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"},
    )


def run(*arguments: str) -> tuple[int, str, str]:
    with start(*arguments) as process:
        out, err = process.communicate(timeout=600)
    assert "Traceback" not in err
    return process.returncode, out, err


def report(*arguments: str, status: int = 0) -> Any:
    code, out, err = run(*arguments, "--json")
    assert code == status, err
    return json.loads(out)


def outcomes(answer: Any) -> list[str]:
    return [found["outcome"] for found in answer["rows"]]


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    return write(
        tmp_path / "tasks.jsonl", row(1), row(2), row(2, task_id="RandomSpanInfilling/HumanEval/2/1"), row(3)
    )


def test_solutions_pass(tasks: Path) -> None:
    answer = report(str(tasks), "--gold", "--jobs", "2")
    assert set(answer["summary"]) >= KEYS
    assert all(set(found) >= ROW_KEYS for found in answer["rows"])
    assert outcomes(answer) == ["passed"] * 4
    assert answer["summary"]["pass_at_1"] == answer["summary"]["exact_match"] == 1
    assert answer["summary"]["base_tasks"] == 3
    assert [found["task_id"] for found in answer["rows"]][3] == "SingleLineInfilling/HumanEval/3/L1"


def test_rows_as_they_are_found(tmp_path: Path) -> None:
    """CRLF, a hole that is all of a function, a docstring for a body, an empty solution, other languages."""
    body = "    result = number * 2\n    return result\n"
    windows = {field: str(row()[field]).replace("\n", "\r\n") for field in ("prompt", "suffix")}
    windows["canonical_solution"] = "    result = number * 2\r\n"
    javascript = {"prompt": "function double(number) {", "canonical_solution": "  const result = number * 2;"}
    javascript["suffix"] = "  return result;\n}"
    javascript["tests"] = "const assert = require('node:assert');\nassert.equal(double(2), 4);\n"
    path = write(
        tmp_path / "tasks.jsonl",
        row(1, **windows),
        row(2, task_id="MultiLineInfilling/HumanEval/2/L0_L1", suffix="", canonical_solution=body),
        row(
            3,
            prompt="def double(number):\n",
            canonical_solution='    """Twice."""\n    result = 2 * number\n',
        ),
        row(4, prompt="def double(number):\n    result = 2 * number\n", canonical_solution=""),
        line(5),
        line(6, language="java"),
        line(7, language="js", **javascript),
    )
    packed = tmp_path / "tasks.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    answer = report(str(packed), "--gold")
    *rows, java, script_row = answer["rows"]
    assert [found["outcome"] for found in rows] == ["passed"] * 5
    assert java["outcome"] == "not_run" and "java" in java["detail"] and java["exact_match"]
    assert script_row["outcome"] in ("passed", "not_run")
    assert answer["summary"]["tried"] == 5 + (script_row["outcome"] == "passed")


def test_a_solution_that_fails_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "tasks.jsonl", row(1), row(2, canonical_solution="    result = number\n"))
    answer = report(str(path), "--gold", status=1)
    assert outcomes(answer) == ["passed", "failed"]
    assert answer["summary"]["pass_at_1"] == 0.5


def test_hostile_rows_are_outcomes(tmp_path: Path) -> None:
    """The evaluator goes on to the last row. What kernels forbid is in the tests of the sandbox."""
    hostile = {
        "timeout": "    while True: pass\n",
        "memory": "    result = bytearray(1 << 40)\n",
        "output_limit": "    for _ in range(10_000): print('x' * 1_000_000)\n",
        "exited": "    import os; os._exit(0)\n",
        "error": "    result = input()\n",
        "syntax_error": "    result = (\n",
    }
    rows = [row(number, canonical_solution=solution) for number, solution in enumerate(hostile.values())]
    path = write(tmp_path / "tasks.jsonl", *rows, row(90))
    answer = report(str(path), "--gold", "--timeout", "5", "--jobs", "2", status=1)
    assert outcomes(answer) == [*hostile, "passed"]
    assert all(found["detail"] for found in answer["rows"][:-1])


def test_a_model_fills_and_its_rows_are_kept(tasks: Path, test_model: Path, tmp_path: Path) -> None:
    kept = tmp_path / "rows.jsonl"
    asked = (str(tasks), "--model", str(test_model), "--out", str(kept), "--max-tokens", "16")
    first = report(*asked, "--limit", "2")
    assert first["summary"]["length_policy"] == "unknown"
    assert first["summary"]["passes"] > 0 and first["summary"]["ms_p50"] > 0
    lines = kept.read_bytes()
    kept.write_bytes(lines + b'{"key": "cut o')

    second = report(*asked)
    assert len(second["rows"]) == 4
    assert second["rows"][:2] == first["rows"], "rows that were done are not filled again"
    assert kept.read_bytes().startswith(lines)

    fixed = report(*asked, "--limit", "1", "--length", "fixed:8")
    assert fixed["summary"]["length_policy"] == "fixed"
    oracle = report(*asked, "--limit", "1", "--policy", "oracle")
    assert oracle["summary"]["length_policy"] == "oracle"
    keys = [json.loads(entry)["key"] for entry in kept.read_text("utf-8").splitlines()]
    assert len(set(keys)) == 3, "different settings never mix"
    assert len(keys) == 3 + 4 + 1 + 1
    assert outcomes(report(*asked, "--limit", "1")) == outcomes(first)[:1]


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to another process")
def test_ctrl_c_keeps_what_is_done(tmp_path: Path) -> None:
    slow = row(2, canonical_solution="    import time; time.sleep(3); result = number * 2\n")
    rows = [row(1), *(dict(slow, task_id=f"SingleLineInfilling/HumanEval/{n}/L1") for n in range(2, 60))]
    kept = tmp_path / "rows.jsonl"
    path = write(tmp_path / "tasks.jsonl", *rows)
    with start(str(path), "--gold", "--json", "--out", str(kept)) as process:
        while not kept.is_file() or b'"row"' not in kept.read_bytes():
            assert process.poll() is None
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=600)
    assert process.returncode == 130, err
    assert "interrupted" in err
    answer = json.loads(out)
    assert answer["interrupted"] is True
    assert 1 <= len(answer["rows"]) < 60
    assert answer["rows"][0]["outcome"] == "passed"
    assert kept.read_bytes().count(b'"row"') == len(answer["rows"])


def test_a_table_for_people(tasks: Path) -> None:
    code, out, err = run(str(tasks), "--gold", "--limit", "1")
    assert code == 0, err
    assert "pass@1" in out and "100.0 %" in out and "1 of 1 problems" in out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--limit", "0"), 2, "--limit must be at least 1"),
        (("--mode", "page"), 2, "There is no mode 'page'"),
        (("--policy", "guess"), 2, "no length policy of the kind 'guess'"),
        (("--policy", "fixed"), 2, "--length fixed:N"),
        (("--gold", "--sampler", "eb"), 2, "it takes no --sampler"),
        (("--model", "TINY", "--length", "cal"), 2, "takes no length policy"),
        (("--model", "TINY", "--sampler", "nothing"), 2, "nothing"),
        (("--gold", "--memory", "1"), 2, "--memory must be at least 64"),
        (("--gold", "--out", "."), 1, "can't be"),
    ],
)
def test_what_is_refused(
    arguments: tuple[str, ...], status: int, said: str, tasks: Path, tiny_model: Path
) -> None:
    named = (str(tiny_model) if word == "TINY" else word for word in arguments)
    code, out, err = run(str(tasks), *named)
    assert (code, out) == (status, ""), err
    assert err.startswith("spanfill: ") and said in err and len(err.splitlines()) == 1


def test_a_bad_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    path.write_text('{"task_id": "a/1"}\n', encoding="utf-8")
    code, out, err = run(str(path), "--gold")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1 and "line 1: `entry_point`" in err


@pytest.mark.parametrize(
    ("length", "policy", "asked"),
    [
        (None, None, None),
        (None, "unknown", None),
        ("cal", "unknown", "cal"),
        ("fixed:8", "fixed", "fixed:8"),
        (None, "oracle", "oracle"),
        ("oracle", None, "oracle"),
    ],
)
def test_the_policy_says_what_the_length_may_know(
    length: str | None, policy: str | None, asked: str | None
) -> None:
    assert _length(length, policy) == asked


@pytest.mark.parametrize(
    ("length", "policy"),
    [("cal", "fixed"), ("fixed:8", "unknown"), ("fixed:8", "oracle"), ("oracle:4", None)],
)
def test_kinds_of_length_are_not_mixed(length: str, policy: str | None) -> None:
    with pytest.raises(UsageError):
        _length(length, policy)


def test_a_file_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    for text in ("no line break", "a line\n", '{"key": 1}\n{"key": "x", "row": 3}\n[]\n'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="name another"):
            Ledger(path, {})
        assert path.read_text("utf-8") == text


def test_a_row_comes_back_as_it_went(tmp_path: Path) -> None:
    values: dict[str, Any] = {"task_id": "a", "base_task": "a", "outcome": "failed", "detail": "é→"}
    values |= {"completion": "x\r\n", "mode": "line", "exact_match": False, "edit_similarity": 0.5}
    values |= {
        "well_formed": None,
        "stop_reason": "line",
        "tokens": 3,
        "passes": 2,
        "ms": 1.5,
        "mean_logprob": -0.25,
    }
    kept = RowResult(**values)
    with Ledger(tmp_path / "rows.jsonl", {"a": 1}) as ledger:
        ledger.add(kept)
    with Ledger(tmp_path / "rows.jsonl", {"a": 1}) as again:
        assert again.rows == {"a": kept}
    with Ledger(tmp_path / "rows.jsonl", {"a": 2}) as other:
        assert other.rows == {}
