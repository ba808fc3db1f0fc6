"""What a user does in an editor, through pytest-lsp: the real server process, a real model, a real file.

Runs on a random hybrid model, on the trained test model and, marked `real_model`, on the default one. Nothing
here depends on what a model writes, only on that it writes something.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from editor import SERVE, Editor, editing
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.cli.long_file import Gap, gaps
from lsp_server.documents import Document
from lsp_server.positions import Position, Range

FILE = Path(__file__).parents[2] / "examples" / "inventory.py"
URI = "file:///workspace/inventory.py"
OPTIONS = {
    # A busy machine may take its time; what a time budget cuts off is tested elsewhere.
    "completion": {"debounceMs": 0, "speculate": False, "budgetMs": 60_000, "fallback": True},
    "fill": {"maxTokens": 24},
}
CAPABILITIES = {
    "workspace": types.WorkspaceClientCapabilities(
        workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True)
    ),
    "window": types.WindowClientCapabilities(work_done_progress=True),
}


@pytest.fixture(
    params=["tiny_model", "test_model", pytest.param("default_model", marks=pytest.mark.real_model)]
)
def model(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
    return folder


@dataclass
class Buffer:
    """The editor's own copy of the file, which it edits and tells the server of."""

    editor: Editor
    document: Document

    @classmethod
    def open(cls, editor: Editor) -> "Buffer":
        text = FILE.read_text()
        editor.open(text, uri=URI)
        return cls(editor, Document(URI, text, version=1))

    def put(self, line: int, start: int, end: int, new: str) -> None:
        """Replace a part of a line."""
        self.document.apply(Range(Position(line, start), Position(line, end)), new)
        self.document.version += 1
        self.editor.edit(line, start, new, uri=URI, deleted=end - start)

    def take(self, edit: Any) -> None:
        """Apply a workspace edit as editors do: where the version is the one at hand, and whole."""
        (change,) = edit.document_changes if hasattr(edit, "document_changes") else edit.documentChanges
        where = change.text_document if hasattr(change, "text_document") else change.textDocument
        assert (where.uri, where.version) == (URI, self.document.version)
        (one,) = change.edits
        new_text = one.new_text if hasattr(one, "new_text") else one.newText
        span = one.range
        ends = [Position(int(end.line), int(end.character)) for end in (span.start, span.end)]
        self.document.apply(Range(*ends), new_text)
        self.tell()

    def tell(self, text: str | None = None) -> None:
        """Send the whole text, or go back to an older one: undo."""
        if text is not None:
            self.document.replace(text)
        self.document.version += 1
        self.editor._versions[URI] = self.document.version
        self.editor.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                text_document=types.VersionedTextDocumentIdentifier(uri=URI, version=self.document.version),
                content_changes=[types.TextDocumentContentChangeWholeDocument(self.document.text)],
            )
        )


@pytest_asyncio.fixture
async def editor(model: Path) -> AsyncIterator[Editor]:
    async with editing(*SERVE, "--model", str(model)) as client:
        client.patience_s = 180
        await client.initialize(OPTIONS, **CAPABILITIES)
        await client.ready()
        yield client


async def texts(editor: Editor, line: int, column: int, kind: int = 2) -> list[str]:
    result = await editor.complete(line, column, kind, uri=URI)
    return [item.insertText for item in result.items]


async def stats(editor: Editor) -> Any:
    return await editor.request("workspace/executeCommand", {"command": "spanfill.showStats"})


async def half_written(buffer: Buffer) -> tuple[Gap, str]:
    """Take the rest of a line out where the model has something to say; answers the place and its text."""
    for gap in gaps(buffer.document.text, 4):
        buffer.put(gap.line, gap.column, gap.column + len(gap.rest), "")
        buffer.put(gap.line, gap.column, gap.column, " ")
        buffer.put(gap.line, gap.column - 1, gap.column + 1, " ")  # text was typed last, not only deleted
        shown = await texts(buffer.editor, gap.line, gap.column)
        if shown and len(shown[0]) > 1 and shown[0][0].isprintable():
            return gap, shown[0]
        buffer.put(gap.line, gap.column, gap.column, gap.rest)
    raise AssertionError("the model writes nothing anywhere")


async def test_ghost_text_is_typed_along_and_taken_back(editor: Editor) -> None:
    buffer = Buffer.open(editor)
    gap, shown = await half_written(buffer)
    asked = (await stats(editor)).fills
    buffer.put(gap.line, gap.column, gap.column, shown[0])
    assert await texts(editor, gap.line, gap.column + 1) == [shown[1:]]
    buffer.put(gap.line, gap.column, gap.column + 1, "")
    assert await texts(editor, gap.line, gap.column) == [shown]
    counted = await stats(editor)
    assert counted.fills == asked
    assert counted.reused == 2
    editor.client.protocol.notify("spanfill/didShow", {"id": "s1"})
    await editor.request("workspace/executeCommand", {"command": "spanfill.accepted", "arguments": ["s1"]})
    assert (await stats(editor)).acceptance == 1.0


async def test_an_invoked_completion_offers_up_to_three_that_differ(editor: Editor) -> None:
    buffer = Buffer.open(editor)
    gap, _ = await half_written(buffer)
    offered = await editor.complete(gap.line, gap.column, 1, uri=URI)
    assert 1 <= len(offered.items) <= 3
    assert len({item.insertText for item in offered.items}) == len(offered.items)
    for item in offered.items:
        assert item.range.start.line == item.range.end.line == gap.line
        assert item.range.start.character <= gap.column <= item.range.end.character


async def test_a_client_of_lsp_3_17_gets_the_same_text_and_the_actions(editor: Editor) -> None:
    buffer = Buffer.open(editor)
    gap, shown = await half_written(buffer)
    cursor = {"textDocument": {"uri": URI}, "position": {"line": gap.line, "character": gap.column}}
    (item,) = (await editor.request("textDocument/completion", cursor)).items
    assert item.textEdit.newText == shown
    span = {"start": cursor["position"], "end": cursor["position"]}
    params = {"textDocument": {"uri": URI}, "range": span, "context": {"diagnostics": []}}
    actions = await editor.request("textDocument/codeAction", params)
    assert [action["command"]["command"] for action in actions if "function body" in action["title"]]


async def test_a_region_is_filled_live_and_can_be_undone(editor: Editor) -> None:
    buffer = Buffer.open(editor)
    before = buffer.document.text
    line = next(number for number, text in enumerate(before.split("\n")) if "def report" in text)
    region = {"start": {"line": line + 1, "character": 0}, "end": {"line": line + 3, "character": 0}}
    editor.client.progress_reports["work"] = []
    params = {
        "textDocument": {"uri": URI, "version": 1},
        "range": region,
        "mode": "region",
        "id": "region",
        "workDoneToken": "work",
    }
    answer = await editor.request("spanfill/fill", params)
    frames = [frame for method, frame in editor.seen if method == "spanfill/frame"]
    assert frames
    assert {frame.id for frame in frames} == {"region"}
    times = [frame.elapsedMs for frame in frames]
    assert times == sorted(times)
    assert all(frame.text == "".join(slot.text for slot in frame.slots) for frame in frames)
    # The random model may end in its first pass, which leaves nothing masked to show.
    settles = any(slot.state == "masked" for frame in frames for slot in frame.slots)
    assert settles or answer.statistics.model.startswith("tiny-int8")
    assert {slot.state for slot in frames[-1].slots} == {"committed"}
    reports = editor.client.progress_reports["work"]
    assert isinstance(reports[0], types.WorkDoneProgressBegin)
    assert any(isinstance(report, types.WorkDoneProgressReport) for report in reports)
    assert isinstance(reports[-1], types.WorkDoneProgressEnd)
    assert answer.statistics.passes >= len(frames) - 1
    assert answer.statistics.passes > 0
    buffer.take(answer.edit)
    first, last = before.split("\n")[: line + 1], before.split("\n")[line + 3 :]
    assert buffer.document.text == "\n".join([*first, answer.text, *last])
    buffer.tell(before)  # one undo
    stale = {**params, "id": "stale", "workDoneToken": None}
    with pytest.raises(JsonRpcException) as caught:
        await editor.request("spanfill/fill", stale)
    assert caught.value.code == -32801
    fresh = {**stale, "textDocument": {"uri": URI, "version": buffer.document.version}, "id": "fresh"}
    assert (await editor.request("spanfill/fill", fresh)).range == answer.range


async def test_an_edit_while_a_region_is_filled_refuses_the_fill(editor: Editor) -> None:
    buffer = Buffer.open(editor)
    params = {
        "textDocument": {"uri": URI, "version": 1},
        "position": {"line": 40, "character": 0},
        "mode": "block",
    }
    pending = editor.request("spanfill/fill", params)
    buffer.put(0, 0, 0, "#")
    with pytest.raises(JsonRpcException) as caught:
        await pending
    assert caught.value.code == -32801


async def test_a_code_action_fills_a_function_through_the_editor(editor: Editor) -> None:
    buffer = Buffer.open(editor)
    before = buffer.document.text

    @editor.client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
        buffer.take(params.edit)
        return types.ApplyWorkspaceEditResult(applied=True)

    line = next(number for number, text in enumerate(before.split("\n")) if "def value_cents" in text)
    at = {"line": line, "character": 8}
    params = {
        "textDocument": {"uri": URI},
        "range": {"start": at, "end": at},
        "context": {"diagnostics": []},
    }
    found = await editor.request("textDocument/codeAction", params)
    (action,) = [each for each in found if each["title"].endswith("function body")]
    assert action["kind"] == "refactor.rewrite"
    command = {"command": action["command"]["command"], "arguments": action["command"]["arguments"]}
    answer = await editor.request("workspace/executeCommand", command)
    assert buffer.document.version == 2
    assert answer.text in buffer.document.text
    assert buffer.document.text.split("\n")[: line + 1] == before.split("\n")[: line + 1]


async def test_what_needs_an_instruction_is_offered_where_the_model_takes_one(
    editor: Editor, model: Path
) -> None:
    Buffer.open(editor)
    takes_instructions = "chat" in json.loads((model / "spanfill.json").read_text())["layouts"]
    selection = {"start": {"line": 25, "character": 0}, "end": {"line": 29, "character": 0}}
    problem = {"range": selection, "message": "wrong"}
    params = {"textDocument": {"uri": URI}, "range": selection, "context": {"diagnostics": [problem]}}
    found = await editor.request("textDocument/codeAction", params)
    titles = {action["title"] for action in found}
    assert "Fill selection" in titles
    instructed = {"Fix: wrong", "Optimise selection", "Explain selection"}
    assert titles & instructed == (instructed if takes_instructions else set())
    argument = {"textDocument": {"uri": URI}, "range": selection, "instruction": "Make it shorter."}
    rewrite = editor.request(
        "workspace/executeCommand", {"command": "spanfill.rewrite", "arguments": [argument]}, "rewrite"
    )
    if takes_instructions:
        await editor.until("spanfill/frame")
        editor.client.cancel_request(types.CancelParams(id="rewrite"))
        with pytest.raises((JsonRpcException, asyncio.CancelledError)):
            await rewrite
    else:
        with pytest.raises(JsonRpcException, match="takes no instructions"):
            await rewrite


async def test_cancel_and_a_clean_end(editor: Editor) -> None:
    Buffer.open(editor)
    seen = len(editor.seen)
    params = {"textDocument": {"uri": URI}, "position": {"line": 40, "character": 0}, "maxTokens": 256}
    pending = editor.request("spanfill/fill", params, "fill")
    await editor.until("spanfill/status", lambda status: status.state == "busy")
    editor.client.cancel_request(types.CancelParams(id="fill"))
    with pytest.raises((JsonRpcException, asyncio.CancelledError)) as caught:
        await pending
    assert getattr(caught.value, "code", -32800) == -32800
    await editor.until(
        "spanfill/status",
        lambda status: status.state == "ready" and any(status is each for _, each in editor.seen[seen:]),
    )
    assert await editor.client.shutdown_async(None) is None
    editor.client.exit(None)
    assert editor.client._server is not None
    async with asyncio.timeout(editor.patience_s):
        assert await editor.client._server.wait() == 0
