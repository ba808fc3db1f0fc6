import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.cli import main as cli
from runtime.errors import FillCancelled, ModelError, SpanfillError, UsageError

Raising = Callable[[BaseException], int]
Capture = pytest.CaptureFixture[str]


def spanfill(*arguments: str, home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "lsp_server.cli.main", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "SPANFILL_HOME": str(home)},
        check=False,
    )


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Raising:
    """Make the command line raise, and give its exit status."""

    def run(error: BaseException) -> int:
        def command(**_: object) -> None:
            raise error

        monkeypatch.setattr("typer.main.get_command", lambda _: command)
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert isinstance(left.value.code, int)
        return left.value.code

    return run


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ModelError("The model is broken."), 1),
        (UsageError("There is no such mode."), 2),
        (FillCancelled("The fill was cancelled."), 1),
        (SpanfillError("Something is wrong."), 1),
    ],
)
def test_an_error_is_one_line_and_its_status(
    raising: Raising, capsys: Capture, error: SpanfillError, status: int
) -> None:
    assert raising(error) == status
    captured = capsys.readouterr()
    assert captured.err == f"spanfill: {error}\n"
    assert captured.out == ""


def test_an_interrupt_is_130(raising: Raising, capsys: Capture) -> None:
    assert raising(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "spanfill: interrupted\n"


def test_a_fault_of_ours_is_one_line_too(
    raising: Raising, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SPANFILL_DEBUG", raising=False)
    assert raising(ValueError("one\ntwo")) == 1
    assert "ValueError: one two" in capsys.readouterr().err


def test_the_version_is_one_line(tmp_path: Path) -> None:
    done = spanfill("--version", home=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("spanfill ")
    assert done.stdout.count("\n") == 1


def test_help_lists_the_subcommands_that_are_there(tmp_path: Path) -> None:
    done = spanfill("--help", home=tmp_path)
    assert done.returncode == 0
    for name in ("models", "doctor"):
        assert f"\n  {name} " in done.stdout


@pytest.mark.parametrize("arguments", [("nonsense",), ("models", "nonsense"), ("doctor", "--nonsense")])
def test_bad_usage_is_2_and_says_nothing_on_stdout(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = spanfill(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "nonsense" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_and_listing_import_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from lsp_server.cli import main\n"
        "sys.argv = ['spanfill', '--help']\n"
        "try: main.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'onnxruntime', 'onnx_ir', 'huggingface_hub', 'pygls', 'tokenizers'}\n"
        "heavy |= {'tree_sitter', 'gguf', 'cattrs', 'torch'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


def test_every_listed_subcommand_loads() -> None:
    listed = cli.typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    assert set(listed) <= set(cli.SUBCOMMANDS)
    for name in listed:
        assert cli.load(name).name == name


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "lsp_server.cli.main", "models", "list", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "SPANFILL_HOME": str(tmp_path)},
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
