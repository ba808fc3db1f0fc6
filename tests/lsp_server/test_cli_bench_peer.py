import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.cli.bench_peer import Peer, PeerRun
from lsp_server.cli.bench_peer_filling import PeerFiller, end_of
from lsp_server.cli.bench_peer_setup import find_gguf, find_node, install, peer_folder
from lsp_server.cli.bench_prompts import line_holes
from runtime.errors import FetchError, RuntimeSetupError, SpanfillError, UsageError
from runtime.manifest import load_manifest
from runtime.tokenizer import Tokenizer

Script = Callable[[str, str], None]

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")
posix = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")


def quiet(_label: str, _fraction: float) -> None:
    """No progress to show."""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Puts a program in front of the PATH, and a store of its own into place."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SPANFILL_HOME", str(tmp_path / "home"))

    def write(name: str, body: str) -> None:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    return write


def test_without_node_it_says_what_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeSetupError, match=r"needs Node\.js 20 or newer"):
        find_node()


@posix
@pytest.mark.parametrize("version", ["v18.19.0", "", "nonsense"])
def test_an_old_node_is_refused(script: Script, version: str) -> None:
    script("node", f"echo {version}")
    with pytest.raises(RuntimeSetupError, match="20 or newer"):
        find_node()
    script("node", "echo v22.1.0")
    assert find_node().endswith("node")


@posix
def test_it_is_installed_once_and_pinned(script: Script, tmp_path: Path) -> None:
    script("npm", f'echo "$@" >> "{tmp_path}/asked"; mkdir -p node_modules')
    assert install(quiet) == peer_folder()
    assert install(quiet) == peer_folder()
    asked = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert len(asked) == 1
    assert "--ignore-scripts" in asked[0]
    assert all("@" in word.lstrip("@") for word in asked[0].split() if "node-llama-cpp@" in word)
    assert (peer_folder() / "node_modules").is_dir()
    assert not list(peer_folder().parent.glob(".*"))


@posix
def test_a_failed_installation_leaves_nothing(script: Script) -> None:
    script("npm", 'mkdir node_modules; echo "npm error code E404" >&2; exit 1')
    with pytest.raises(FetchError, match="E404"):
        install(quiet)
    assert not peer_folder().exists()
    assert not list(peer_folder().parent.iterdir())


def test_the_gguf_is_named_or_known(tiny_model: Path, test_model: Path, tmp_path: Path) -> None:
    manifest = load_manifest(tiny_model)
    with pytest.raises(UsageError, match="--peer-model FILE"):
        find_gguf(manifest, None, quiet)
    with pytest.raises(UsageError, match="There is no file"):
        find_gguf(manifest, tmp_path / "missing.gguf", quiet)
    named = tmp_path / "other.gguf"
    named.write_bytes(b"GGUF")
    assert find_gguf(manifest, named, quiet) == (named, False)
    with pytest.raises(UsageError, match="causal models"):
        find_gguf(load_manifest(test_model), named, quiet)


@needs_node
def test_a_driver_that_can_not_start_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(SpanfillError, match=r"llama\.cpp ended without an answer"),
        Peer(find_node(), tmp_path, tmp_path / "m.gguf", threads=1, context_tokens=64),
    ):
        pass


def test_the_time_is_that_of_the_token_that_ends_the_text() -> None:
    run = PeerRun(cached=0, tokens=(1, 2, 3), at_ms=(10.0, 20.0, 30.0), end_ms=31.0)
    assert end_of(run, lambda written: written[-1] == 2) == 20.0
    assert end_of(run, lambda written: written[-1] == 9) == 31.0
    assert run.first_ms == 10.0
    assert PeerRun(cached=0, tokens=(), at_ms=(), end_ms=5.0).first_ms == 5.0


def test_contexts_have_the_length_that_was_asked_for(tiny_model: Path) -> None:
    tokenizer = Tokenizer(tiny_model / "tokenizer.json")

    def count(text: str) -> int:
        return len(tokenizer.encode(text))

    for tokens in (64, 256, 1024):
        for hole in line_holes(count, tokens, 5):
            length = count(hole.request.prefix) + count(hole.request.suffix)
            assert tokens - 8 <= length <= tokens
            assert hole.line.strip() not in hole.request.prefix + hole.request.suffix
            assert hole.typed().prefix.startswith(hole.typed(back=1).prefix)
            assert hole.typed().prefix.endswith(
                hole.line[: len(hole.typed().prefix) - len(hole.request.prefix)]
            )
    assert len(line_holes(count, 64, 1)) == 2
    assert len(line_holes(count, 64, 20)) == 20


@needs_node
@pytest.mark.real_model
def test_the_peer_is_given_what_the_engine_is_given(default_model: Path, default_checkpoint: Path) -> None:
    if not peer_folder().is_dir():
        pytest.skip("llama.cpp is not installed; `spanfill bench --peer llama.cpp` does that")
    with Peer(find_node(), peer_folder(), default_checkpoint, threads=1, context_tokens=512) as peer:
        assert "Q4_K" in peer.facts["weights"]
        assert peer.facts["threads"] == 1
        tokenizer = Tokenizer(default_model / "tokenizer.json")
        ids = tokenizer.encode("def add(first, second):\n    return first +")
        cold = peer.run(ids, keep=False, limit=4, line=True)
        again = peer.run(ids, keep=True, limit=4, line=True)
        assert tokenizer.decode_bytes(cold.tokens).startswith(b" second")
        assert again.tokens == cold.tokens
        assert (cold.cached, again.cached) == (0, len(ids) - 1)
        longer = peer.run([*ids, *tokenizer.encode(" 1")], keep=True, limit=1)
        assert longer.cached >= len(ids) - 1
        assert list(cold.at_ms) == sorted(cold.at_ms)
        hole = line_holes(lambda text: len(tokenizer.encode(text)), 64, 1)[0]
        filler = PeerFiller(peer, default_model)
        assert filler.finished_ms(hole.request, keep=False) > 0
        assert filler.prefill_rate(hole.request) > 0
        assert peer.resident_mb() > 300
