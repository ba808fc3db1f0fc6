import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hub_server
import huggingface_hub
import pytest
from huggingface_hub import constants
from tiny_models import CHECKPOINT, CONTENT

from export.sources import hub as hub_module
from export.sources.base import Partial, SourceUnavailable
from export.sources.hub import Hub


@pytest.fixture(autouse=True)
def plain_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No token, cache or switch of the person who runs the tests."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "tiny.gguf.part"


@contextmanager
def fetching(part: Path) -> Iterator[tuple[Partial, list[float]]]:
    seen: list[float] = []
    with Partial(part, CHECKPOINT.bytes, seen.append) as partial:
        yield partial, seen


def fetch(url: str, part: Path) -> list[float]:
    with fetching(part) as (partial, seen):
        Hub(url).fetch(CHECKPOINT, partial)
    return seen


def test_the_file_is_fetched_at_its_pinned_revision(part: Path) -> None:
    with hub_server.serve(hub_server.Hub()) as hub:
        seen = fetch(hub.url, part)
    assert part.read_bytes() == CONTENT
    assert [request["path"] for request in hub.requests] == [hub_server.PATH]
    assert "authorization" not in hub.requests[0]
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_it_goes_on_where_an_earlier_pull_stopped(part: Path) -> None:
    part.write_bytes(CONTENT[:1234])
    with hub_server.serve(hub_server.Hub()) as hub:
        fetch(hub.url, part)
    assert part.read_bytes() == CONTENT
    assert hub.requests[0]["range"] == "bytes=1234-"


def test_a_server_without_ranges_starts_again(part: Path) -> None:
    part.write_bytes(b"x" * 1234)
    with hub_server.serve(hub_server.Hub(ranges=False)) as hub:
        fetch(hub.url, part)
    assert part.read_bytes() == CONTENT


def test_a_broken_transfer_is_taken_up_again(part: Path) -> None:
    with hub_server.serve(hub_server.Hub(drop_after=200_000)) as hub:
        fetch(hub.url, part)
    assert part.read_bytes() == CONTENT
    assert [request.get("range") for request in hub.requests] == [None, "bytes=200000-", "bytes=400000-"]


def test_a_transfer_that_brings_nothing_is_given_up_and_kept(
    part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    part.write_bytes(CONTENT[:1234])
    with (
        hub_server.serve(hub_server.Hub(drop_after=0)) as hub,
        pytest.raises(SourceUnavailable, match="ended early"),
    ):
        fetch(hub.url, part)
    assert len(hub.requests) == hub_module.STALLS_ALLOWED + 1
    assert part.read_bytes() == CONTENT[:1234]


@pytest.mark.parametrize("status", [401, 404, 500, 503])
def test_a_refusal_names_its_status(part: Path, status: int) -> None:
    with (
        hub_server.serve(hub_server.Hub(status=status)) as hub,
        pytest.raises(SourceUnavailable, match=f"HTTP {status}"),
    ):
        fetch(hub.url, part)


@pytest.mark.parametrize("content", [b"<html>Sign in to the network</html>", CONTENT + b"more"])
def test_a_page_in_place_of_the_file_is_not_stored(part: Path, content: bytes) -> None:
    with (
        hub_server.serve(hub_server.Hub(content=content)) as hub,
        pytest.raises(SourceUnavailable, match=f"offers {len(content):,} bytes"),
    ):
        fetch(hub.url, part)
    assert part.read_bytes() == b""


def test_more_bytes_than_expected_are_not_stored(part: Path) -> None:
    with (
        hub_server.serve(hub_server.Hub(content=CONTENT * 3, announce=False)) as hub,
        pytest.raises(SourceUnavailable, match="sends more than"),
    ):
        fetch(hub.url, part)
    assert part.stat().st_size <= len(CONTENT)


def test_a_port_where_nobody_listens_fails_at_once(part: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(SourceUnavailable, match="can't be reached"):
        fetch(url, part)


def test_a_server_that_never_answers_is_given_up_in_time(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(SourceUnavailable, match=r"no answer in 0\.2 seconds"):
            fetch(url, part)
        assert time.monotonic() - started < 2
    for thread in threading.enumerate():
        if thread.name == "spanfill-hub":
            thread.join(5)
            assert not thread.is_alive()


def test_the_offline_switch_is_obeyed(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with (
        hub_server.serve(hub_server.Hub()) as hub,
        pytest.raises(SourceUnavailable, match="HF_HUB_OFFLINE"),
    ):
        fetch(hub.url, part)
    assert hub.requests == []


def test_the_token_goes_to_the_hub_and_not_where_it_redirects(
    part: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "hf_secret")
    with (
        hub_server.serve(hub_server.Hub()) as storage,
        hub_server.serve(hub_server.Hub(redirect_to=storage.url)) as hub,
    ):
        fetch(hub.url, part)
    assert part.read_bytes() == CONTENT
    assert hub.requests[0]["authorization"] == "Bearer hf_secret"
    assert "authorization" not in storage.requests[0]


def cache(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "hub-cache" / "models--tiny--checkpoint" / "snapshots" / CHECKPOINT.revision
    folder.mkdir(parents=True)
    (folder / CHECKPOINT.file).write_bytes(content)


def test_the_hubs_own_cache_serves_offline(
    part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    cache(tmp_path, CONTENT)
    part.write_bytes(CONTENT[:10])
    fetch("http://127.0.0.1:1", part)
    assert part.read_bytes() == CONTENT


def test_a_damaged_cache_is_passed_over(part: Path, tmp_path: Path) -> None:
    cache(tmp_path, b"x" * len(CONTENT))
    with hub_server.serve(hub_server.Hub()) as hub:
        fetch(hub.url, part)
    assert part.read_bytes() == CONTENT
