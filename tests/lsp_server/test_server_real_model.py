"""The real server process with the real default model."""

import os
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from raw import Raw

from runtime import ModelError
from runtime.store import resolve

pytestmark = pytest.mark.real_model

MODEL = os.environ.get("SPANFILL_TEST_MODEL")
"""Another model than the default one, by name or folder."""

STUB = 'def factorial(n):\n    """Return n!."""\n    \n\n\ndef main():\n    print(factorial(5))\n'
LINE = "def middle(lo, hi):\n    return (lo + \n"
SLOW_OPTIONS = {"completion": {"debounceMs": 0, "speculate": False}}


@pytest_asyncio.fixture
async def raw() -> AsyncIterator[Raw]:
    try:
        resolve(MODEL)
    except ModelError as error:
        pytest.skip(str(error))
    client = await Raw.start(
        "-m", "lsp_server.cli.main", "serve", "--stdio", *(["--model", MODEL] if MODEL else [])
    )
    client.patience_s = 120
    yield client
    client.process.kill()
    await client.process.communicate()


def position(text: str, mark: str) -> dict[str, int]:
    before = text[: text.index(mark) + len(mark)]
    return {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}


async def test_a_function_is_written_that_works(raw: Raw) -> None:
    await raw.initialize(SLOW_OPTIONS)
    raw.open(STUB)
    where = {"textDocument": {"uri": Raw.URI}, "position": {"line": 0, "character": 4}}
    answer = (await raw.ask("spanfill/fill", {**where, "mode": "function", "frames": False}))["result"]
    lines = STUB.split("\n")
    first, last = answer["range"]["start"]["line"], answer["range"]["end"]["line"]
    filled = "\n".join([*lines[:first], answer["text"], *lines[last + 1 :]])
    scope: dict[str, object] = {}
    exec(filled, scope)
    assert scope["factorial"](5) == 120  # type: ignore[operator]


async def test_a_line_is_finished_and_typing_along_costs_nothing(raw: Raw) -> None:
    await raw.initialize(SLOW_OPTIONS)
    raw.open(LINE)
    where = position(LINE, "(lo + ")
    (item, *_) = (await raw.complete(where["line"], where["character"]))["result"]["items"]
    assert item["insertText"].startswith("hi)")
    change = {"range": {"start": where, "end": where}, "text": "h"}
    raw.send(
        {
            "method": "textDocument/didChange",
            "params": {"textDocument": {"uri": Raw.URI, "version": 2}, "contentChanges": [change]},
        }
    )
    started = time.perf_counter()
    (rest, *_) = (await raw.complete(where["line"], where["character"] + 1, 2))["result"]["items"]
    assert rest["insertText"] == item["insertText"][1:]
    assert time.perf_counter() - started < 0.1


async def test_a_cancelled_fill_frees_the_engine(raw: Raw) -> None:
    await raw.initialize(SLOW_OPTIONS)
    raw.open(STUB)
    fill = {"textDocument": {"uri": Raw.URI}, "position": {"line": 0, "character": 4}, "mode": "function"}
    raw.send({"id": 50, "method": "spanfill/fill", "params": fill})
    await raw.until("spanfill/frame")
    raw.notifications.clear()
    raw.send({"method": "$/cancelRequest", "params": {"id": 50}})
    assert (await raw.next())["error"]["code"] == -32800
    status = await raw.until("spanfill/status")
    assert status["state"] == "ready"
