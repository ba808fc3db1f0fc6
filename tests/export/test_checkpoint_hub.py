"""Repositories on the hub: what is fetched, what is not, and what is said when nothing comes."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import huggingface_hub
import numpy as np
import pytest
from checkpoint_files import write_index
from checkpoint_maker import make_checkpoint
from hub_server import Repository, serve_repository
from huggingface_hub import constants
from huggingface_hub.utils.tqdm import are_progress_bars_disabled
from safetensors.numpy import load_file

from export.checkpoints import Checkpoint, open_checkpoint
from export.sources import repository as repository_module
from runtime.errors import FetchError, ModelFileError, UsageError

NAME = "owner/Tiny-Dream"
UNWANTED = {
    "modeling_dream.py": b"raise SystemExit",
    "tokenization_dream.py": b"raise SystemExit",
    "README.md": b"# Tiny",
    "pytorch_model.bin": b"never fetched",
    "optimizer.pt": b"never fetched",
    "sub/model.safetensors": b"never fetched",
    "spare.safetensors": b"never fetched",
    ".gitattributes": b"",
}


@pytest.fixture(autouse=True)
def plain_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No token, cache or switch of the person who runs the tests."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=[1, 2], ids=["one file", "two shards"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, bytes]:
    folder = make_checkpoint(tmp_path / "made", "dream", shards=request.param)
    content = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {**UNWANTED, **content, "LICENSE": b"Apache-2.0"}


@contextmanager
def hub(files: dict[str, bytes], **settings: Any) -> Iterator[Repository]:
    with serve_repository(Repository(name=NAME, files=files, **settings)) as served:
        yield served


def opened(served: Repository | str, where: str = NAME, **arguments: Any) -> Checkpoint:
    url = served if isinstance(served, str) else served.url
    return open_checkpoint(where, endpoint=url, progress=lambda *_: None, **arguments)


def test_what_the_checkpoint_consists_of_is_fetched_and_nothing_else(files: dict[str, bytes]) -> None:
    with hub(files) as served:
        checkpoint = opened(served)
        got = {request.rpartition("/")[2] for request in served.requests if request.startswith("GET /owner")}
    assert got == files.keys() - UNWANTED.keys()
    assert {path.name for path in checkpoint.path.iterdir()} == got
    assert checkpoint.source.repository == NAME
    assert checkpoint.source.revision == served.commit
    for shard in checkpoint.path.glob("*.safetensors"):
        for name, array in load_file(shard).items():
            np.testing.assert_array_equal(checkpoint.tensors.tensor(name), array)


def test_the_second_time_nothing_is_fetched(files: dict[str, bytes]) -> None:
    with hub(files) as served:
        opened(served)
        served.requests.clear()
        opened(served)
        assert not [request for request in served.requests if "/resolve/" in request and "GET" in request]


@pytest.mark.parametrize("switch", ["offline", "unreachable", "silent"])
def test_without_the_hub_its_cache_is_used(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, switch: str
) -> None:
    with hub(files) as served:
        first = opened(served)
    monkeypatch.setattr(repository_module, "CONNECT_SECONDS", 0.5)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", switch == "offline")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1] if switch == 'silent' else 1}"
        again = opened(url)
        assert again.source == first.source
        assert again.path == first.path
        by_commit = opened(url, revision=served.commit)
        assert by_commit.source == first.source


def test_a_branch_is_recorded_as_its_commit(files: dict[str, bytes]) -> None:
    with hub(files, branch="v0.5") as served:
        by_name = opened(served, f"{NAME}@v0.5")
        by_argument = opened(served, revision="v0.5")
        same = opened(served, f"{NAME}@v0.5", revision="v0.5")
        by_commit = opened(served, f"{NAME}@{served.commit}")
    assert {c.source.revision for c in (by_name, by_argument, same, by_commit)} == {served.commit}


def test_two_revisions_contradict_each_other() -> None:
    with pytest.raises(UsageError, match=r"names the revision 'v1', but 'v2'"):
        opened("http://127.0.0.1:1", f"{NAME}@v1", revision="v2")


@pytest.mark.parametrize(
    ("refusal", "message"),
    [
        ("RepoNotFound", "The hub has no model owner/Tiny-Dream, or it is private"),
        ("RevisionNotFound", "owner/Tiny-Dream has no revision 'main'"),
        ("GatedRepo", "given only to those who accepted its terms"),
    ],
)
def test_a_refusal_of_the_hub_is_explained(files: dict[str, bytes], refusal: str, message: str) -> None:
    with hub(files, refusal=refusal) as served, pytest.raises(FetchError, match=message) as caught:
        opened(served)
    assert "\n" not in str(caught.value)


def test_a_refusal_is_not_hidden_by_the_cache(files: dict[str, bytes]) -> None:
    with hub(files) as served:
        opened(served)
        served.refusal = "RepoNotFound"
        with pytest.raises(FetchError, match="The hub has no model"):
            opened(served)


def test_an_unreachable_hub_without_a_cache_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository_module, "CONNECT_SECONDS", 3.0)
    with pytest.raises(
        FetchError, match=r"can't be fetched .*can't be reached.* has nothing of its"
    ) as caught:
        opened("http://127.0.0.1:1")
    assert "\n" not in str(caught.value)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(FetchError, match="HF_HUB_OFFLINE is set"):
        opened("http://127.0.0.1:1")


def test_a_file_that_breaks_off_is_an_error_and_not_a_checkpoint(files: dict[str, bytes]) -> None:
    weights = next(name for name in sorted(files) if name.startswith("model") and "index" not in name)
    with hub(files, cut_at={weights: 1000}) as served:
        with pytest.raises(FetchError, match=f"The file {weights} of {NAME} can't be fetched"):
            opened(served)
        served.cut_at.clear()
        assert opened(served).tensors.names()


def test_a_cache_with_a_hole_says_what_is_missing(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub(files) as served:
        weights = sorted(opened(served).path.glob("*.safetensors"))[-1]
    weights.resolve().unlink()
    weights.unlink()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises((FetchError, ModelFileError), match=r"holds no weights|does not hold|lacks"):
        opened(served)


def test_an_index_that_leaves_the_folder_fetches_nothing(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "made", "dream", shards=2)
    write_index(folder, {"x": "../../secret.safetensors"})
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with hub(files) as served, pytest.raises(ModelFileError, match=r"does not hold|plain file name"):
        opened(served)
    assert not [request for request in served.requests if "secret" in request]


@pytest.mark.parametrize("name", ["..%2Fevil.safetensors", "../evil.safetensors", "a\\b.safetensors"])
def test_a_hub_that_lists_odd_names_gets_no_file_written_there(files: dict[str, bytes], name: str) -> None:
    with hub({**files, name: b"x"}) as served:
        folder = opened(served).path
    assert not list(folder.parents[2].rglob("*evil*"))


@pytest.mark.parametrize("name", ["../evil.safetensors", "sub/evil.safetensors", "evil\\.safetensors"])
def test_weights_of_an_odd_name_are_no_weights(files: dict[str, bytes], name: str) -> None:
    texts = {file: files[file] for file in ("config.json", "tokenizer.json")}
    with (
        hub({**texts, name: b"x"}) as served,
        pytest.raises(ModelFileError, match="owner/Tiny-Dream holds no weights"),
    ):
        opened(served)
    assert not [request for request in served.requests if "evil" in request]


def test_the_librarys_progress_bars_are_off_only_while_it_fetches() -> None:
    with repository_module._quiet_bars():
        assert are_progress_bars_disabled()
        with repository_module._quiet_bars():
            assert are_progress_bars_disabled()
        assert are_progress_bars_disabled()
    assert not are_progress_bars_disabled()


def test_a_hub_without_a_commit_is_refused(files: dict[str, bytes]) -> None:
    match = "where the commit of owner/Tiny-Dream is expected"
    with hub(files, commit="../../../../outside") as served, pytest.raises(FetchError, match=match):
        opened(served)


def test_a_full_disk_is_noticed_before_weights_are_fetched(
    files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = SimpleNamespace(total=1 << 40, used=1 << 40, free=200_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: full)
    with hub(files) as served, pytest.raises(FetchError, match=r"Not enough disk space: 0\.0 GB of owner"):
        opened(served)
    assert not [request for request in served.requests if request.endswith(".safetensors")]


def test_progress_names_the_files(files: dict[str, bytes]) -> None:
    seen: list[tuple[str, float]] = []
    with hub(files) as served:
        open_checkpoint(NAME, endpoint=served.url, progress=lambda label, done: seen.append((label, done)))
    labels = [label for label, _ in seen]
    assert labels[0] == f"Asking Hugging Face for {NAME}"
    assert "Fetching config.json" in labels
    assert all(0 <= done <= 1 for _, done in seen)


def test_the_environment_names_the_hub(files: dict[str, bytes], tmp_path: Path) -> None:
    """As a user has it: HF_ENDPOINT and HF_HOME, a fresh process, nothing on stderr."""
    script = f"""
import json
from export.checkpoints import open_checkpoint
c = open_checkpoint("{NAME}", progress=lambda *_: None)
print(json.dumps([c.source.revision, c.config["model_type"], str(c.path)]))
"""
    with hub(files) as served:
        environment = {**os.environ, "HF_ENDPOINT": served.url, "HF_HOME": str(tmp_path / "home")}
        environment.pop("HF_HUB_OFFLINE", None)
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
        )
    revision, model_type, path = json.loads(done.stdout)
    assert (revision, model_type) == (served.commit, "Dream")
    assert Path(path).is_relative_to(tmp_path / "home")
    assert done.stderr == ""
