import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.cli import bench_server


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "lsp_server.cli.main", "bench", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "200"},
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def report(tiny_model: Path) -> Any:
    done = run("--model", str(tiny_model), "--repeat", "1", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_case_is_there(report: Any) -> None:
    names = {case["name"] for case in report["cases"]}
    assert {
        "cold first line, 256 tokens of context",
        "finished line after one more character",
        "resident memory after a fill",
        "pass of 2 tokens",
        "pass of 32 tokens",
        "prefill of 512 tokens",
        "fill of 64 tokens",
        "cancel while reading",
        "cancel while writing",
        "server start to initialize answered",
    } <= names


def test_cases_have_the_documented_keys(report: Any) -> None:
    for case in report["cases"]:
        assert set(case) == {"name", "unit", "better", "ours", "peer", "ratio"}
        assert case["peer"] is None
        assert case["ratio"] is None
        assert case["better"] in ("lower", "higher")
        assert case["ours"] > 0 or case["name"].startswith("cancel")


def test_the_machine_is_described(report: Any) -> None:
    machine = report["machine"]
    assert machine["device"] == "cpu"
    assert machine["model"] == "tiny-int8"
    assert machine["cores"] == os.cpu_count()
    assert machine["cpu"]


def test_the_server_is_really_started() -> None:
    assert 50 < bench_server.initialize_ms(1) < 20_000


@pytest.mark.parametrize("option", ["--repeat", "--threads"])
def test_bad_numbers_are_bad_usage(option: str) -> None:
    done = run(option, "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "at least 1" in done.stderr


@pytest.mark.real_model
def test_people_get_a_table(default_model: Path) -> None:
    done = run("--model", str(default_model), "--repeat", "1")
    assert done.returncode == 0, done.stderr
    assert "cold first line" in done.stdout
    assert "tokens/pass" in done.stdout
    assert "server start" in done.stdout
