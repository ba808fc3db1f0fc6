"""The real server process with the trained test model: a masked denoiser, from keystroke to answer."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from editor import Editor, make_client
from lsprotocol import types

MODEL = Path(__file__).parents[1] / "models" / "tiny-denoiser"
URI = "file:///workspace/totals.py"
TEXT = '''def total(items):
    """Sum of the items."""
    result = 0
    for item in items:
        result += item
    return result


def count(items):
    """Number of items."""
    result = 0
    for item in items:

    return result
'''
OPTIONS = {"completion": {"debounceMs": 0, "speculate": False, "minConfidence": -100}}
EMPTY_LINE = 12


@pytest_asyncio.fixture
async def editor() -> AsyncIterator[Editor]:
    client = make_client()
    command = ("-m", "lsp_server.cli.main", "serve", "--stdio", "--model", str(MODEL))
    await client.start_io(sys.executable, *command)
    editor: Editor = client.editor  # type: ignore[attr-defined]
    editor.patience_s = 120
    await editor.initialize(OPTIONS)
    await editor.ready()
    editor.open(TEXT, uri=URI)
    yield editor
    await client.shutdown_session()
    await client.stop()


async def test_a_region_settles_in_frames_and_comes_as_a_versioned_edit(editor: Editor) -> None:
    region = {
        "start": {"line": EMPTY_LINE, "character": 0},
        "end": {"line": EMPTY_LINE, "character": 0},
    }
    params = {"textDocument": {"uri": URI}, "range": region, "mode": "region", "maxTokens": 12}
    answer = await editor.request("spanfill/fill", params)
    frames = [params for method, params in editor.seen if method == "spanfill/frame"]
    assert len(frames) >= 2
    states = [slot.state for slot in frames[0].slots]
    assert "masked" in states
    assert answer.statistics.model == "tiny-denoiser"
    assert answer.statistics.passes >= len(frames) - 1
    assert "mask" not in answer.text
    assert "�" not in answer.text


async def test_an_invoked_completion_offers_different_texts(editor: Editor) -> None:
    editor.edit(EMPTY_LINE, 0, "        result", uri=URI)
    result = await editor.complete(EMPTY_LINE, 14, 1, uri=URI)
    texts = [item.insertText for item in result.items]
    assert 1 <= len(texts) <= 3
    assert len(set(texts)) == len(texts)
    for item in result.items:
        assert item.range is not None
        assert item.range.start.line == EMPTY_LINE


async def test_an_automatic_completion_keeps_its_budget(editor: Editor) -> None:
    editor.edit(EMPTY_LINE, 0, "        result ", uri=URI)
    result = await editor.complete(EMPTY_LINE, 15, 2, uri=URI)
    assert len(result.items) <= 1


async def test_there_is_no_rewriting_without_a_chat_layout(editor: Editor) -> None:
    actions = await editor.client.text_document_code_action_async(
        types.CodeActionParams(
            text_document=types.TextDocumentIdentifier(uri=URI),
            range=types.Range(types.Position(2, 0), types.Position(3, 0)),
            context=types.CodeActionContext(diagnostics=[]),
        )
    )
    titles = [action.title.lower() for action in actions or ()]
    assert any("fill" in title for title in titles)
    assert not any("explain" in title or "optimi" in title for title in titles)
