"""llama.cpp in a process of its own, for comparison: the same weights, prompts, threads and stopping rules.

Knows token ids and lines of JSON; `bench_peer.mjs` is the other end. Prints nothing.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from runtime.errors import SpanfillError

DRIVER = Path(__file__).with_name("bench_peer.mjs")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRun:
    """What one greedy decoding gave."""

    cached: int
    """Prompt tokens that its cache had already."""
    tokens: tuple[int, ...]
    """Without the token that ended the text, where one did."""
    at_ms: tuple[float, ...]
    """When each token was there, counted from the request."""
    end_ms: float

    @property
    def first_ms(self) -> float:
        """Time to the first token, one that ends the text included."""
        return self.at_ms[0] if self.at_ms else self.end_ms


class Peer:
    """`with` it: llama.cpp with one model loaded and one sequence's cache."""

    def __init__(self, node: str, folder: Path, gguf: Path, *, threads: int, context_tokens: int) -> None:
        """`folder` is where node-llama-cpp is installed."""
        self._command = [node, str(DRIVER), str(folder)]
        self._open = {
            "op": "open",
            "model": str(gguf),
            "threads": threads,
            "context_tokens": context_tokens,
        }
        self._process: subprocess.Popen[str] | None = None
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self.facts: dict[str, Any] = {}
        """llama.cpp's release, weights and threads, as it tells them itself."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for us, who then end it in order
        )
        try:
            self.facts = self._ask(self._open)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def run(self, ids: Sequence[int], *, keep: bool, limit: int, line: bool = False) -> PeerRun:
        """Decode greedily behind `ids` until the model ends the text or `limit` tokens are there.

        Args:
            ids: the whole prompt.
            keep: let the cache keep what it shares with the prompt; else it is emptied first, untimed.
            limit: most tokens.
            line: end with the first line that has something in it, too.

        Raises:
            SpanfillError: llama.cpp failed.
        """
        answer = self._ask({"op": "run", "ids": list(ids), "keep": keep, "limit": limit, "line": line})
        return PeerRun(
            cached=answer["cached"],
            tokens=tuple(answer["tokens"]),
            at_ms=tuple(answer["at_ms"]),
            end_ms=answer["end_ms"],
        )

    def resident_mb(self) -> float:
        """Memory of its process that is in RAM."""
        import psutil

        assert self._process is not None
        return float(psutil.Process(self._process.pid).memory_info().rss) / 1e6

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process is not None and self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except (BrokenPipeError, ConnectionError):
            line = ""
        if not line:
            raise SpanfillError(f"llama.cpp ended without an answer: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SpanfillError(f"llama.cpp failed: {answer['error']}")
        return answer

    def _last_words(self) -> str:
        self._stderr.seek(0)
        lines = self._stderr.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "it said nothing."

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None and process.stdout is not None
            try:
                process.stdin.close()
                process.wait(5)
            except (OSError, subprocess.TimeoutExpired):
                process.kill()
                process.wait()
            process.stdout.close()
        self._stderr.close()
