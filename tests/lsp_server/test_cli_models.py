import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runtime import manifest as m


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line; whatever happens, it shows no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "lsp_server.cli.main", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "SPANFILL_HOME": str(home), "COLUMNS": "200"},
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


def read_json(home: Path, *arguments: str, status: int = 0) -> Any:
    done = run(home, *arguments, "--json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def refused(home: Path, *arguments: str, status: int) -> str:
    """The one line of a command that fails."""
    done = run(home, *arguments)
    assert done.returncode == status
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("spanfill: ")
    return lines[0]


def install(home: Path, name: str) -> Path:
    folder = home / "models" / name
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"onnx")
    m.save_manifest(
        m.Manifest(
            name=name,
            family="qwen2",
            kind="hybrid",
            attention="causal",
            shift=True,
            tokens=m.Tokens(eos=(1,)),
            layouts={"fim": (m.Piece(slot="prefix"),)},
            context_length=128,
            cache=None,
            graph=m.GraphInfo(
                file="model.onnx", top_k=1, vocabulary="ascii", vocabulary_size=10, adapter=False
            ),
            quantization="int4",
            sampler=m.SamplerDefault(name="jacobi"),
            source=m.Source(repository="a/b", revision="c", file="tiny.gguf", sha256="0" * 64),
            licence="MIT",
            files={"model.onnx": m.FileRecord(bytes=4, sha256=m.sha256_of(folder / "model.onnx"))},
        ),
        folder,
    )
    return folder


def test_the_default_model_is_listed_before_it_is_pulled(home: Path) -> None:
    (row,) = read_json(home, "models", "list")
    assert row | {"path": None} == {
        "name": "qwen2.5-coder-0.5b",
        "kind": "hybrid",
        "installed": False,
        "bytes": 491_400_064,
        "licence": "Apache-2.0",
        "source": "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        "quantization": "int8",
        "default": True,
        "path": None,
        "problem": None,
    }
    assert not home.exists()


def test_installed_models_are_listed(home: Path) -> None:
    install(home, "mine")
    install(home, "qwen2.5-coder-0.5b")
    (home / "models" / "broken").mkdir()
    (home / "models" / "broken" / "spanfill.json").write_text("{")
    default, broken, mine = read_json(home, "models", "list")
    assert (default["name"], default["installed"], default["default"]) == ("qwen2.5-coder-0.5b", True, True)
    shown = [mine[key] for key in ("name", "kind", "bytes", "licence", "source")]
    assert shown == ["mine", "hybrid", 4, "MIT", "a/b"]
    assert "spanfill.json" in broken["problem"]
    table = run(home, "models", "list").stdout
    assert "mine" in table
    assert "damaged" in table


def test_info_describes_an_installed_model(home: Path) -> None:
    folder = install(home, "mine")
    facts = read_json(home, "models", "info", "mine")
    assert facts["path"] == str(folder)
    assert facts["vocabulary"] == "ascii"
    assert facts["files"] == {"model.onnx": 4}
    assert "context_length   128\n" in run(home, "models", "info", "mine").stdout


@pytest.mark.parametrize(
    ("name", "folder"), [("default", "qwen2.5-coder-0.5b"), ("default-int4", "qwen2.5-coder-0.5b-int4")]
)
def test_info_describes_a_model_that_can_be_pulled(home: Path, name: str, folder: str) -> None:
    facts = read_json(home, "models", "info", name)
    assert facts["name"] == folder
    assert facts["installed"] is False
    assert facts["sha256"].startswith("1d9614638d18")


def test_unknown_models_are_one_line(home: Path) -> None:
    assert "models list" in refused(home, "models", "info", "nothing", status=1)
    assert "not installed" in refused(home, "models", "remove", "nothing", status=1)
    assert "not installed" in refused(home, "models", "remove", "default", status=1)
    assert "no model 'nothing' to pull" in refused(home, "models", "pull", "nothing", status=2)


def test_pull_refuses_bad_choices(home: Path) -> None:
    assert "int3" in refused(home, "models", "pull", "default", "--quantize", "int3", status=2)
    assert "latin" in refused(home, "models", "pull", "default", "--vocabulary", "latin", status=2)


def test_pull_refuses_a_wrong_file_and_keeps_it(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.gguf"
    file.write_bytes(b"GGUF")
    done = run(home, "models", "pull", "default", "--from", str(file))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith(f"spanfill: {file} has 4 bytes")
    assert file.read_bytes() == b"GGUF"
    assert not list(home.rglob("*.gguf*"))


def test_remove_deletes_the_folder_and_says_so(home: Path) -> None:
    folder = install(home, "mine")
    done = run(home, "models", "remove", "mine")
    assert done.returncode == 0
    assert done.stdout == ""
    assert done.stderr == f"Removed {folder}\n"
    assert not folder.exists()


def test_remove_deletes_a_download_that_no_model_needs(home: Path) -> None:
    part = home / "downloads" / "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    assert run(home, "models", "remove", "default").returncode == 0
    assert not part.exists()


def test_doctor_says_where_nothing_can_be_stored(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    report = read_json(tmp_path / "file" / "home", "doctor", status=1)
    failed = {check["name"]: check["detail"] for check in report["checks"] if not check["ok"]}
    assert "SPANFILL_HOME" in failed["storage"]
