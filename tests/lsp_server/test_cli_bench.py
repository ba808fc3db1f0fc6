import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lsp_server.cli.bench_case import Case
from lsp_server.cli.long_file import gaps, long_file
from lsp_server.open_document import OpenDocument

MODELLED = (
    "inlineCompletion automatic",
    "inlineCompletion invoked",
    "completion",
    "spanfill/fill",
    "executeCommand fillSelection",
)
SERVER = {
    "server start to initialize answered",
    "server start to first completion",
    *(f"server: {name}" for name in ("initialize", "didOpen", "didChange", "codeAction", *MODELLED)),
    "server: inlineCompletion answered from memory",
    "server: cancel to idle, while reading",
    "server: cancel to idle, while writing",
}


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
    done = run(
        *("--model", str(tiny_model), "--repeat", "1", "--contexts", "64,256", "--typing", "8", "--json")
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_case_is_there(report: Any) -> None:
    names = {case["name"] for case in report["cases"]}
    assert {
        *(f"cold first line, {tokens} tokens of context" for tokens in (64, 256)),
        *(f"first line asked again, {tokens} tokens of context" for tokens in (64, 256)),
        *(f"finished line after one more character, {tokens} tokens of context" for tokens in (64, 256)),
        "resident memory after a fill",
        "server: resident memory, serving",
        "pass of 2 tokens",
        "pass of 32 tokens",
        "prefill of 64 tokens",
        "prefill of 256 tokens",
        "fill of 64 tokens",
        "typing: keystrokes",
        "typing: model calls saved",
        "typing: errors",
        "cancel while reading",
        "cancel while writing",
        *SERVER,
    } <= names


def test_cases_have_the_documented_keys(report: Any) -> None:
    keys = {"name", "unit", "better", "ours", "peer", "ratio"}
    for case in report["cases"]:
        assert set(case) in (keys, keys | {"p50", "p95", "p99", "n"})
        assert case["peer"] is None
        assert case["ratio"] is None
        assert case["better"] in ("lower", "higher", "")
        may_be_none = "cancel", "did", "typing"
        assert case["ours"] > 0 or any(part in case["name"] for part in may_be_none)
    assert report["complete"]
    assert report["peer"] is None


def test_every_request_has_its_percentiles(report: Any) -> None:
    cases = {case["name"]: case for case in report["cases"]}
    for name in SERVER:
        case = cases[name]
        assert case["n"] >= 1
        assert case["p50"] <= case["p95"] <= case["p99"]
    for name in MODELLED:
        whole, rest = cases[f"server: {name}"], cases[f"server: {name}, without the model"]
        assert whole["n"] == rest["n"] >= 4  # half of the places: now and then the model has nothing to say
        assert 0 <= rest["p50"] < whole["p50"]
    assert cases["server start to initialize answered"]["ours"] > 50
    assert cases["server: initialize"]["ours"] < cases["server start to initialize answered"]["ours"]


def test_one_part_can_be_measured_alone(tiny_model: Path) -> None:
    done = run("--model", str(tiny_model), "--repeat", "1", "--contexts", "64", "--only", "engine")
    assert done.returncode == 0, done.stderr
    assert "pass of 32 tokens" in done.stdout
    assert "server" not in done.stdout
    assert "typing" not in done.stdout


def interrupted(model: Path, *options: str, at: str) -> tuple[int, str]:
    """Exit status and standard output of a bench that gets Ctrl-C when it says `at`."""
    command = [
        sys.executable,
        "-m",
        "lsp_server.cli.main",
        "bench",
        "--model",
        str(model),
        "--json",
        *options,
    ]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    ) as process:
        assert process.stderr is not None and process.stdout is not None
        while at not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        told = process.stdout.read()
        return process.wait(), told


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_what_is_measured_when_interrupted_is_told(tiny_model: Path) -> None:
    status, early = interrupted(tiny_model, "--repeat", "50", "--only", "server", at="server start")
    assert (status, early) == (130, "")  # nothing was measured yet
    status, late = interrupted(tiny_model, "--repeat", "1", "--contexts", "64", at="requests to the server")
    assert status == 130
    told = json.loads(late)
    names = {case["name"] for case in told["cases"]}
    assert not told["complete"]
    assert {"pass of 32 tokens", "server start to initialize answered"} <= names
    assert "server: codeAction" not in names or "typing: errors" not in names


def test_a_model_that_is_not_there_is_one_line() -> None:
    done = run("--model", "nonsense", "--only", "server", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nonsense" in done.stderr


def test_percentiles_of_a_case() -> None:
    row = Case.of("x", "ms", [float(number) for number in range(1, 41)]).row()
    assert (row["ours"], row["p50"], row["p95"], row["p99"], row["n"]) == (20.5, 20.0, 38.0, 40.0, 40)


def test_the_long_file_is_code_of_its_length_with_places_to_write() -> None:
    text = long_file(2000)
    assert text.count("\n") == 2000
    tree = OpenDocument("u", text, language="python").syntax()
    assert tree is not None
    places = gaps(text, 8)
    lines = text.split("\n")
    assert len({place.line for place in places}) == 8
    assert places[-1].line - places[0].line > 1500
    for place in places:
        assert lines[place.line].endswith(place.rest)
        assert lines[place.line][: place.column].endswith(("return ", "= "))


def test_the_machine_is_described(report: Any) -> None:
    machine = report["machine"]
    assert machine["device"] == "cpu"
    assert machine["model"] == "tiny-int8"
    assert machine["cores"] == os.cpu_count()
    assert machine["cpu"]


@pytest.mark.parametrize("option", ["--repeat", "--threads"])
def test_bad_numbers_are_bad_usage(option: str) -> None:
    done = run(option, "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "at least 1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--contexts", "a"], "--contexts"),
        (["--contexts", "8"], "from 32 to 1024"),
        (["--contexts", "256,4096"], "from 32 to 1024"),
        (["--peer", "vllm"], "llama.cpp"),
        (["--peer", "llama.cpp", "--only", "server"], "leaves them out"),
        (["--peer-model", "x.gguf"], "--peer"),
        (["--soak", "-1"], "negative"),
    ],
)
def test_what_makes_no_sense_is_bad_usage(arguments: list[str], part: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert part in done.stderr


def test_an_unknown_part_is_bad_usage() -> None:
    done = run("--only", "everything")
    assert (done.returncode, done.stdout) == (2, "")
    assert "everything" in done.stderr


@pytest.mark.real_model
def test_people_get_a_table(default_model: Path) -> None:
    done = run("--model", str(default_model), "--repeat", "1", "--contexts", "64", "--typing", "2")
    assert done.returncode == 0, done.stderr
    assert "cold first line" in done.stdout
    assert "tokens/pass" in done.stdout
    assert "server start" in done.stdout
    assert "server: inlineCompletion automatic, without the model" in done.stdout
