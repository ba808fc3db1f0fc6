"""`spanfill export` and `verify` as commands: a checkpoint folder in, a model that fills out."""

import json
import sys
from pathlib import Path

import pytest
from test_cli_models import read_json, refused, run

sys.path.insert(0, str(Path(__file__).parents[1] / "export"))
from checkpoint_maker import make_checkpoint

from lsp_server.cli.export import parse_size
from runtime.errors import UsageError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path / "checkpoints", "dreamon", shards=2)


def test_a_checkpoint_becomes_a_model_that_fills(
    home: Path,
    checkpoint: Path,
    tmp_path: Path,
) -> None:
    made = read_json(home, "export", str(checkpoint), "mine", "--quantize", "none", "--shard-size", "1MB")
    assert made["family"] == "dreamon"
    assert made["kind"] == "bidirectional"
    assert made["shift"] is True
    listed = {row["name"]: row for row in read_json(home, "models", "list")}
    assert listed["mine"]["installed"]
    assert listed["mine"]["kind"] == "bidirectional"

    report = read_json(home, "verify", "mine", "--against", str(checkpoint), "--tokens", "64")
    assert report["ok"]
    assert report["max_error"] < 1e-4
    manifest = json.loads((Path(made["path"]) / "spanfill.json").read_text())
    assert manifest["parity"]["verified"]["top1_agreement"] == report["top1_agreement"] == 1.0

    source = tmp_path / "a.py"
    source.write_text("def total(items):\n    result = 0\n\n    return result\n")
    filled = read_json(home, "fill", f"{source}:3:1", "--mode", "line", "--model", "mine", "--sampler", "eb")
    assert (filled["model"], filled["sampler"], filled["length_policy"]) == ("mine", "eb", "expand-delete")


def test_other_weights_fail_the_comparison(home: Path, checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run(home, "export", str(checkpoint), str(out), "--quantize", "none").returncode == 0
    other = make_checkpoint(tmp_path / "others", "dreamon", seed=5)
    done = run(home, "verify", str(out), "--against", str(other), "--tokens", "32")
    assert done.returncode == 1
    assert "DIFFERENT" in done.stdout
    assert "not the weights that the folder was made from" in done.stderr


def test_what_can_not_be_converted_leaves_nothing(
    home: Path,
    checkpoint: Path,
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    assert "choose one of auto" in refused(
        home, "export", str(checkpoint), str(out), "--family", "gpt2", status=2
    )
    assert "No quantisation 'int3'" in refused(
        home, "export", str(checkpoint), str(out), "--quantize", "int3", status=2
    )
    assert "There is no folder or file" in refused(home, "export", "no such place", str(out), status=2)
    (checkpoint / "model-00002-of-00002.safetensors").unlink()
    done = run(home, "export", str(checkpoint), str(out))
    assert done.returncode == 1
    assert "model-00002-of-00002.safetensors" in done.stderr.splitlines()[-1]
    assert not out.exists()
    assert not list(tmp_path.glob(".out*"))


def test_an_existing_folder_is_left_alone(home: Path, checkpoint: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "precious").write_text("x")
    assert "exists already" in refused(home, "export", str(checkpoint), str(out), status=2)
    assert (out / "precious").read_text() == "x"


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2 * 10**9), ("500MB", 5 * 10**8), ("1.5 g", 15 * 10**8), ("1000000", 10**6)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "big", "-1GB", "10", "2TB", "0"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="no size"):
        parse_size(text)
