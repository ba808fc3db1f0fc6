"""The trainer's command line: its results, and its answers to mistakes."""

import json
import sys
from pathlib import Path

import pytest

from export.training import cli, evaluate


def call(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status of a call."""
    monkeypatch.setattr(sys, "argv", ["export.training", *arguments])
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (
            ["train", "--corpus", "nowhere", "--steps", "1"],
            1,
            "`python -m export.training prepare` first",
        ),
        (["train", "--corpus", "nowhere"], 1, "give either --steps or --minutes"),
        (["train", "--steps", "1", "--threads", "3"], 1, "can't be shared out among 3"),
        (["evaluate", "nowhere"], 1, "can't be read"),
        (["train", "--steps", "many"], 2, "Invalid value for '--steps'"),
        (["forget"], 2, "No such command 'forget'"),
    ],
)
def test_mistakes_are_answered_with_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    assert call(monkeypatch, *arguments) == status

    said = capsys.readouterr()
    assert sentence in " ".join(said.err.split())
    assert not said.out
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_called_twice_goes_on_and_is_evaluated(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluate, "WINDOW_TOKENS", 64)
    run = tmp_path / "run"
    options = ["--corpus", str(corpus), "--out", str(run), "--batch", "2", "--no-compile"]

    assert call(monkeypatch, "train", *options, "--steps", "1") == 0
    assert "Finished with step 1." in capsys.readouterr().err
    assert call(monkeypatch, "train", *options, "--steps", "1") == 0
    assert call(monkeypatch, "train", *options, "--steps", "2") == 1
    assert "had another steps" in capsys.readouterr().err
    assert [json.loads(line)["step"] for line in (run / "log.jsonl").read_text().splitlines()] == [1]

    checkpoint = str(run / "checkpoint")
    assert (
        call(monkeypatch, "evaluate", checkpoint, "--corpus", str(corpus), "--spans", "2", "--threads", "1")
        == 0
    )

    result = json.loads(capsys.readouterr().out)
    assert result["one_line"]["known_length"]["spans"] == 2
