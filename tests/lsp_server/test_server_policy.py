"""When the model is in memory, which request it works for, and what happens when it fails: real processes."""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from editor import SERVE, URI, Editor, editing
from fixtures_tiny import TinyModel
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from random_decoder import CONFIG

FAST = {"debounceMs": 0, "speculate": False}
CODE = (Path(__file__).parents[2] / "examples" / "inventory.py").read_text()
LONGEST_STOP_MS = 500.0
"""Generous, for busy machines: `spanfill bench` measures it."""

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@asynccontextmanager
async def serving(folder: Path, **options: Any) -> AsyncIterator[Editor]:
    """The real command with a real model, initialized, with one open text."""
    async with editing(*SERVE, "--model", str(folder)) as editor:
        await editor.initialize({"completion": FAST, **options})
        editor.open(CODE)
        yield editor


def runtime_loaded(editor: Editor) -> bool:
    """Whether ONNX Runtime's native code is in the server's memory."""
    return "onnxruntime" in Path(f"/proc/{editor.pid}/maps").read_text()


async def state(editor: Editor, wanted: str, after: int = 0) -> Any:
    """The next status of a state, of those seen after number `after`."""

    def newer(status: Any) -> bool:
        return status.state == wanted and any(status is params for _, params in editor.seen[after:])

    return await editor.until("spanfill/status", newer)


async def stats(editor: Editor) -> Any:
    return await editor.request("workspace/executeCommand", {"command": "spanfill.showStats"})


def fill_here(**more: Any) -> dict[str, Any]:
    return {"textDocument": {"uri": URI}, "position": {"line": 20, "character": 0}, **more}


# Memory


@LINUX
async def test_the_model_is_loaded_when_it_is_first_wanted(tiny_model: Path) -> None:
    async with serving(tiny_model, model={"load": "firstUse"}) as editor:
        await editor.until("spanfill/status", lambda status: status.state == "unloaded")
        assert not runtime_loaded(editor)
        assert (await editor.complete(20, 0, 2)).items == []  # typing never waits for a model to load
        await state(editor, "ready")
        assert runtime_loaded(editor)
        assert (await editor.request("spanfill/fill", fill_here(mode="line"))).statistics.model == "tiny-int8"


@LINUX
async def test_disabled_means_that_not_even_the_runtime_is_loaded(tiny_model: Path) -> None:
    async with serving(tiny_model, enabled=False) as editor:
        for kind in (1, 2):
            assert (await editor.complete(20, 0, kind)).items == []
        with pytest.raises(JsonRpcException, match="disabled"):
            await editor.request("spanfill/fill", fill_here())
        chosen = {"command": "spanfill.selectModel", "arguments": [str(tiny_model)]}
        await editor.request("workspace/executeCommand", chosen)
        for _ in range(20):
            await stats(editor)
        assert {status.state for _, status in editor.seen} <= {"unloaded"}
        assert not runtime_loaded(editor)


async def test_idle_time_unloads_and_the_next_request_loads_again(tiny_model: Path) -> None:
    async with serving(tiny_model, model={"unloadAfterMinutes": 0.005}) as editor:
        await state(editor, "ready")
        await state(editor, "unloaded", after=2)  # it was never used
        seen = len(editor.seen)
        assert (await editor.request("spanfill/fill", fill_here(mode="line"))).statistics.passes > 0
        await state(editor, "ready", seen)
        await state(editor, "unloaded", seen)


# Failures


async def test_a_damaged_model_is_told_of_once_and_works_once_it_is_whole(
    tiny_model: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_model, tmp_path / "model"))
    weights = max(folder.iterdir(), key=lambda path: path.stat().st_size)
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-100])
    async with serving(folder) as editor:
        failed = await state(editor, "error")
        assert "truncated" in failed.detail
        for _ in range(2):
            assert (await editor.complete(20, 0)).items == []
            with pytest.raises(JsonRpcException, match=r"truncated.*It is tried again in [12] s"):
                await editor.request("spanfill/fill", fill_here())
        assert [message.type for message in editor.client.messages] == [types.MessageType.Error]
        weights.write_bytes(whole)
        deadline = time.monotonic() + editor.patience_s
        while time.monotonic() < deadline:  # the first wait is two seconds
            try:
                answer = await editor.request("spanfill/fill", fill_here(mode="line"))
                break
            except JsonRpcException:
                await asyncio.sleep(0.1)
        assert answer.statistics.model == "tiny-int8"
        assert len(editor.client.messages) == 1


async def test_choosing_a_model_again_tries_it_at_once(tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    async with serving(folder) as editor:
        await state(editor, "error")
        shutil.copytree(tiny_model, folder)
        chosen = {"command": "spanfill.selectModel", "arguments": [str(folder)]}
        began = time.monotonic()
        await editor.request("workspace/executeCommand", chosen)
        await state(editor, "ready")
        assert time.monotonic() - began < editor.patience_s


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_gpu_that_is_not_there(tiny_model: Path, allowed: bool) -> None:
    from runtime.providers import cuda_problem

    if cuda_problem() is None:
        pytest.skip("CUDA can be used here")
    async with serving(tiny_model, model={"device": "cuda", "fallBackToCpu": allowed}) as editor:
        status = await state(editor, "ready" if allowed else "error")
        assert "CUDA can't be used" in status.detail
        if allowed:
            assert status.device == "cpu"
            answer = await editor.request("spanfill/fill", fill_here(mode="line"))
            assert answer.statistics.device == "cpu"
        await stats(editor)  # whatever else there is to tell has come by then
        kind = types.MessageType.Warning if allowed else types.MessageType.Error
        assert [message.type for message in editor.client.messages] == [kind]


async def test_a_model_that_breaks_down_again_and_again_is_told_of_once(editor: Editor) -> None:
    await editor.initialize({"completion": FAST})
    await editor.ready()
    editor.open("# engine: crash\nx = \n")
    crashes = 0
    while crashes < 2:  # the second once the wait of two seconds is over
        try:
            await editor.complete(1, 4, 1)
        except JsonRpcException as error:
            crashes += "tried again" not in error.message
            await asyncio.sleep(0.1)
    assert len(editor.client.messages) == 1


# Whose turn it is


async def test_an_invoked_request_is_newer_than_an_automatic_one_that_waits(editor: Editor) -> None:
    await editor.initialize({"completion": {"debounceMs": 400, "speculate": False}})
    await editor.ready()
    editor.open("# engine: slow 60\nx = ")
    editor.edit(1, 4, "y")
    waiting = editor.complete(1, 5, 2)
    invoked = editor.complete(1, 5, 1)
    assert (await invoked).items[0].insertText == "value"
    assert (await waiting).items == []
    assert (await stats(editor)).cancelled == 0


async def test_fast_typing_asks_the_model_for_little(editor: Editor) -> None:
    await editor.initialize({"completion": {"speculate": False}})
    await editor.ready()
    editor.open("# engine: slow 30\nx = \n")
    asked = []
    for key in range(12):
        editor.edit(1, 4 + key, "y")
        asked.append(editor.complete(1, 5 + key))
    *older, newest = [(await answer).items for answer in asked]
    assert newest[0].insertText == "value"
    assert older == [[]] * 11
    counted = await stats(editor)
    assert counted.fills + counted.cancelled <= 4  # each key would be 12


async def test_working_ahead_gives_way_at_once(editor: Editor) -> None:
    await editor.initialize({"completion": {"debounceMs": 0}})
    await editor.ready()
    # Once accepted, the suggestion tells the engine to be slow: working ahead takes ten seconds.
    editor.open("# engine: say 1  # engine: slow 1000\nx = \n")
    assert (await editor.complete(1, 4)).items[0].insertText.startswith("1")
    editor.open("# engine: say quick\ny = \n", uri="file:///workspace/other.py")
    began = time.monotonic()
    assert (await editor.complete(1, 4, uri="file:///workspace/other.py")).items[0].insertText == "quick"
    assert time.monotonic() - began < 5


async def test_a_cancelled_fill_leaves_the_engine_idle_at_once(make_tiny_model: TinyModel) -> None:
    slow = replace(CONFIG, layers=6, width=512, heads=8, head_size=64, ffn_width=2048)
    async with serving(make_tiny_model("int8", config=slow)) as editor:
        await state(editor, "ready")
        stops = []
        for number, sign in enumerate(("busy", "frame") * 3):
            editor.edit(0, 0, "#")  # nothing of the prompt is in the cache
            seen = len(editor.seen)
            identifier = f"fill{number}"
            params = fill_here(mode="region", maxTokens=256, id=identifier)
            pending = editor.request("spanfill/fill", params, identifier)
            if sign == "busy":
                await state(editor, "busy", seen)
            else:
                await editor.until("spanfill/frame", lambda frame, wanted=identifier: frame.id == wanted)
            began = time.perf_counter()
            editor.client.cancel_request(types.CancelParams(id=identifier))
            await state(editor, "ready", seen)
            stopped_ms = (time.perf_counter() - began) * 1e3
            with suppress(JsonRpcException, asyncio.CancelledError):
                await pending
                continue  # it had ended before the cancellation came
            stops.append(stopped_ms)
        print("from $/cancelRequest to idle, ms:", json.dumps([round(ms, 1) for ms in stops]))
        assert len(stops) >= 3
        assert sorted(stops)[len(stops) // 2] <= LONGEST_STOP_MS
