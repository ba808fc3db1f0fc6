"""The real server process with the real default model, through pytest-lsp's client."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from editor import URI, Editor, make_client
from lsprotocol import types
from pygls.exceptions import JsonRpcException

pytestmark = pytest.mark.real_model

EXAMPLES = Path(__file__).parents[2] / "examples"
OPTIONS = {"completion": {"debounceMs": 0, "speculate": False}}
LONGEST_STOP_MS = 500.0
"""Generous: on two idle cores a cancelled pass ends within some 60 ms."""


@pytest_asyncio.fixture
async def editor(default_model: Path) -> AsyncIterator[Editor]:
    client = make_client()
    command = ("-m", "lsp_server.cli.main", "serve", "--stdio", "--model", str(default_model))
    await client.start_io(sys.executable, *command)
    editor: Editor = client.editor  # type: ignore[attr-defined]
    editor.patience_s = 120
    await editor.initialize(OPTIONS)
    await editor.ready()
    yield editor
    await client.shutdown_session()
    await client.stop()


def opened(editor: Editor, name: str, gap: str, language: str = "python") -> tuple[str, dict[str, int]]:
    """Open an example without `gap`, the one place with that text; answers the text and the place."""
    whole = (EXAMPLES / name).read_text()
    assert whole.count(gap) == 1
    before, after = whole.split(gap)
    editor.open(before + after, uri=f"file:///workspace/{name}", language=language)
    return before + after, {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}


async def line_at(editor: Editor, name: str, where: dict[str, int], kind: int = 1) -> str:
    result = await editor.complete(where["line"], where["character"], kind, uri=f"file:///workspace/{name}")
    return result.items[0].insertText


async def with_function(editor: Editor, name: str, text: str, where: dict[str, int]) -> dict[str, Any]:
    """The names of a Python file once the function at a place is filled, run for real."""
    params = {"textDocument": {"uri": f"file:///workspace/{name}"}, "position": where, "mode": "function"}
    answer = await editor.request("spanfill/fill", params)
    lines = text.split("\n")
    first, last = answer.range.start, answer.range.end
    head = "\n".join([*lines[: first.line], lines[first.line][: first.character]])
    tail = "\n".join([lines[last.line][last.character :], *lines[last.line + 1 :]])
    scope: dict[str, Any] = {"__name__": "filled"}
    exec(compile(head + answer.text + tail, name, "exec", dont_inherit=True), scope)
    return scope


async def test_a_python_function_is_written_that_works(editor: Editor) -> None:
    text = (EXAMPLES / "numerals.py").read_text()
    editor.open(text, uri="file:///workspace/numerals.py")
    line = text[: text.index("def to_roman")].count("\n")
    scope = await with_function(editor, "numerals.py", text, {"line": line, "character": 4})
    assert [scope["to_roman"](number) for number in (1994, 4, 3888)] == ["MCMXCIV", "IV", "MMMDCCCLXXXVIII"]


async def test_a_line_of_python_is_finished_and_typing_along_costs_nothing(editor: Editor) -> None:
    text, where = opened(editor, "intervals.py", "self.end - self.start")
    written = await line_at(editor, "intervals.py", where)
    lines = text.split("\n")
    lines[where["line"]] += written
    scope: dict[str, Any] = {"__name__": "filled"}
    exec(compile("\n".join(lines), "intervals.py", "exec", dont_inherit=True), scope)
    assert [scope["Interval"](*ends).length for ends in ((2, 5), (-1, 0.5), (3, 3))] == [3, 1.5, 0]
    editor.edit(where["line"], where["character"], written[0], uri="file:///workspace/intervals.py")
    started = time.perf_counter()
    rest = await line_at(editor, "intervals.py", {**where, "character": where["character"] + 1}, kind=2)
    assert rest == written[1:]
    assert time.perf_counter() - started < 0.1


async def test_a_line_of_typescript_is_finished(editor: Editor) -> None:
    _, where = opened(editor, "lru_cache.ts", "size;", "typescript")
    assert await line_at(editor, "lru_cache.ts", where) in ("size;", "size")


async def test_a_cancelled_fill_stops_at_once(editor: Editor) -> None:
    editor.open('def factorial(n):\n    """Return n!, with long comments."""\n    \n')
    params = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 4}, "mode": "function"}
    pending = editor.request("spanfill/fill", params, identifier="slow")
    await editor.until("spanfill/frame")
    editor.seen.clear()
    started = time.perf_counter()
    editor.client.cancel_request(types.CancelParams(id="slow"))
    await editor.until("spanfill/status", lambda status: status.state == "ready")
    stopped_ms = (time.perf_counter() - started) * 1e3
    with pytest.raises((JsonRpcException, asyncio.CancelledError)):
        await pending
    print(f"from $/cancelRequest to idle: {stopped_ms:.0f} ms")
    assert stopped_ms <= LONGEST_STOP_MS
