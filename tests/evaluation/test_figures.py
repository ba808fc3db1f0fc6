"""Likeness, intervals, summaries."""

import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import line, row, write

from lsp_server.evaluation.intervals import clustered_interval
from lsp_server.evaluation.length_knowledge import knowledge_of
from lsp_server.evaluation.likeness import is_exact, is_well_formed
from lsp_server.evaluation.results import RowResult
from lsp_server.evaluation.summary import summary_of
from lsp_server.evaluation.tasks import Task, read_tasks


def task(tmp_path: Path, values: dict[str, Any]) -> Task:
    return read_tasks(write(tmp_path / "tasks.jsonl", values)).tasks[0]


def result(**changes: Any) -> RowResult:
    values: dict[str, Any] = {
        "task_id": "a",
        "base_task": "a",
        "outcome": "passed",
        "detail": "",
        "completion": "x",
        "mode": "line",
        "exact_match": True,
        "edit_similarity": 1.0,
        "well_formed": True,
        "stop_reason": "line",
        "tokens": 6,
        "passes": 2,
        "ms": 10.0,
        "mean_logprob": 0.0,
    }
    return RowResult(**{**values, **changes})


def test_independent_rows_have_wilsons_interval() -> None:
    """Each row a cluster, half of them passing: the cluster-robust variance is the binomial one, nearly."""
    passed = [number % 2 == 0 for number in range(100)]
    found = clustered_interval(passed, [str(number) for number in range(100)])
    assert found == pytest.approx((0.4038, 0.5962), abs=0.002)  # Wilson's for 50 of 100


def test_rows_of_one_problem_count_as_one() -> None:
    """Ten copies of each row say no more than the row itself."""
    single = [number % 3 == 0 for number in range(30)]
    names = [str(number) for number in range(30)]
    alone = clustered_interval(single, names)
    copied = clustered_interval(single * 10, names * 10)
    taken_as_independent = clustered_interval(single * 10, [str(number) for number in range(300)])
    assert alone is not None and copied is not None and taken_as_independent is not None
    assert copied == pytest.approx(alone, abs=1e-9)
    assert copied[1] - copied[0] > 2 * (taken_as_independent[1] - taken_as_independent[0])


def test_the_interval_holds_the_true_share_as_often_as_it_says() -> None:
    """Simulated: 40 problems with one to six holes each, which pass or fail together more often than not."""
    chance = random.Random(5)
    truth, held, runs = 0.6, 0, 400
    for _ in range(runs):
        passed: list[bool] = []
        names: list[str] = []
        for number in range(40):
            easy = chance.random() < truth
            for _hole in range(chance.randint(1, 6)):
                passed.append(easy if chance.random() < 0.7 else chance.random() < truth)
                names.append(str(number))
        found = clustered_interval(passed, names)
        assert found is not None
        held += found[0] <= truth <= found[1]
    assert 0.91 <= held / runs <= 0.98


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=30))
def test_intervals_are_around_the_share_and_within_bounds(rows: list[tuple[bool, int]]) -> None:
    passed, names = [ok for ok, _ in rows], [str(name) for _, name in rows]
    found = clustered_interval(passed, names)
    if len(set(names)) < 2:
        assert found is None
        return
    assert found is not None
    share = sum(passed) / len(passed)
    assert 0 <= found[0] <= share + 1e-9 and share - 1e-9 <= found[1] <= 1
    assert math.isfinite(found[0]) and found[1] > found[0]


def test_exact_means_every_sign_but_blanks_around_single_lines(tmp_path: Path) -> None:
    strict = task(tmp_path, row())
    assert is_exact(strict, "    result = number * 2\n")
    assert not is_exact(strict, "    result = number * 2")
    loose = task(tmp_path, line())
    assert is_exact(loose, "result = number * 2\n")
    assert not is_exact(loose, "result = number * 3")


def test_well_formed_is_said_where_it_can_be_told(tmp_path: Path) -> None:
    sound = task(tmp_path, row())
    assert is_well_formed(sound, "    result = 3\n") is True
    assert is_well_formed(sound, "    result = (3\n") is False
    broken = task(tmp_path, row(suffix="    return ((\n"))
    assert is_well_formed(broken, "    result = 3\n") is None


def test_a_summary_weighs_rows_alike_and_leaves_out_what_was_not_run() -> None:
    nothing: dict[str, Any] = {"exact_match": False, "edit_similarity": 0.0, "well_formed": None}
    nothing |= {"tokens": 0, "passes": 0, "ms": 0.0}
    rows = [
        result(task_id="1", base_task="a"),
        result(task_id="2", base_task="b", outcome="failed", exact_match=False, edit_similarity=0.5, ms=30.0),
        result(task_id="3", base_task="b", outcome="not_run", well_formed=None, tokens=0, passes=1, ms=20.0),
        result(task_id="4", base_task="c", outcome="not_filled", **nothing),
    ]
    found = summary_of(rows)
    assert (found["rows"], found["tried"], found["base_tasks"]) == (4, 3, 3)
    assert found["pass_at_1"] == pytest.approx(1 / 3, abs=1e-4)
    assert found["exact_match"] == 0.5
    assert found["edit_similarity"] == 0.625
    assert found["well_formed"] == 1.0
    assert found["tokens_per_pass"] == pytest.approx(12 / 5)
    assert (found["ms_p50"], found["ms_p95"]) == (20.0, 30.0)
    assert found["outcomes"] == {"passed": 1, "failed": 1, "not_run": 1, "not_filled": 1}


def test_a_summary_of_nothing_tells_nothing() -> None:
    found = summary_of([])
    assert found["rows"] == 0
    assert found["pass_at_1"] is None and found["pass_at_1_ci95"] is None and found["ms_p50"] is None


@pytest.mark.parametrize(
    ("length", "knowledge"),
    [
        (None, "unknown"),
        ("auto", "unknown"),
        ("cal:8", "unknown"),
        ("fixed:16", "fixed"),
        ("oracle", "oracle"),
    ],
)
def test_what_policies_know(length: str | None, knowledge: str) -> None:
    assert knowledge_of(length) == knowledge
