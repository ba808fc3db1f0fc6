"""End to end: the real process, the protocol over its pipes, a scripted engine."""

import asyncio

import pytest
from editor import Editor
from lsprotocol import types
from pygls.exceptions import JsonRpcException

FAST = {"completion": {"debounceMs": 0}}


async def start(editor: Editor, text: str, options: dict | None = None) -> None:
    await editor.initialize(FAST if options is None else options)
    await editor.ready()
    editor.open(text)


async def test_capabilities(editor: Editor) -> None:
    general = types.GeneralClientCapabilities(position_encodings=["utf-8", "utf-16"])
    result = await editor.initialize(general=general)
    assert result.capabilities.position_encoding == "utf-8"
    assert result.capabilities.inline_completion_provider is not None
    assert result.capabilities.text_document_sync.change == types.TextDocumentSyncKind.Incremental
    assert result.capabilities.completion_provider is None
    assert result.server_info.name == "spanfill"


async def test_the_model_loads_behind_initialized(editor: Editor) -> None:
    await editor.initialize()
    status = await editor.until("spanfill/status", lambda status: status.state == "ready")
    assert status.model == "scripted"


@pytest.mark.parametrize("kind", [0, 1, 2])
async def test_an_item_with_an_explicit_range(editor: Editor, kind: int) -> None:
    await start(editor, "x = 1\n# engine: say answer(42)\ny =    \nz = 2\n")
    result = await editor.complete(2, 4, kind)
    assert result.items[0].insertText == "answer(42)"
    assert (result.items[0].range.start.line, result.items[0].range.start.character) == (2, 4)
    assert (result.items[0].range.end.line, result.items[0].range.end.character) == (2, 7)


async def test_several_lines_reach_the_lines_end(editor: Editor) -> None:
    await start(editor, "# engine: say \\n    a,\\n    b\nx = {|};\n".replace("|", ""))
    result = await editor.complete(1, 5, 1)
    assert "\n" in result.items[0].insertText
    assert result.items[0].insertText.endswith("};")
    assert result.items[0].range.end.character == len("x = {};")
    assert result.items[0].range.start.line == result.items[0].range.end.line


async def test_nothing_is_an_empty_list(editor: Editor) -> None:
    await start(editor, "# engine: say \nx = \n")
    result = await editor.complete(1, 4, 1)
    assert result.items == []


async def test_edits_reach_the_model(editor: Editor) -> None:
    await start(editor, "# engine: count\nx = \n")
    editor.edit(0, 10, "say new", deleted=5)
    result = await editor.complete(1, 4)
    assert result.items[0].insertText == "new"


async def test_utf16_columns(editor: Editor) -> None:
    await start(editor, "# engine: say v\n'😀é' + \n")
    result = await editor.complete(1, 8)
    assert result.items[0].range.start.character == 8
    editor.edit(1, 1, "👩‍👩‍👧", deleted=3)
    result = await editor.complete(1, 13, 1)
    assert result.items[0].range.start.character == 13


@pytest.mark.parametrize(
    ("encoding", "end", "family"), [("utf-8", 11, 18), ("utf-16", 8, 8), ("utf-32", 7, 5)]
)
async def test_columns_are_the_negotiated_ones(editor: Editor, encoding: str, end: int, family: int) -> None:
    general = types.GeneralClientCapabilities(position_encodings=[encoding])
    result = await editor.initialize(FAST, general=general)
    assert result.capabilities.position_encoding == encoding
    await editor.ready()
    editor.open("# engine: say v\r\n'😀é' + \u2028\n")
    after = end + (3 if encoding == "utf-8" else 1)  # the line separator is no line's end
    assert (await editor.complete(1, after, 1)).items[0].range.start.character == after
    wide = len("😀é".encode()) if encoding == "utf-8" else 3 if encoding == "utf-16" else 2
    editor.edit(1, 1, "👩‍👩‍👧", deleted=wide)
    shifted = after + family - wide
    assert (await editor.complete(1, shifted, 1)).items[0].range.start.character == shifted


async def test_the_newest_request_wins_and_the_older_answers_empty(editor: Editor) -> None:
    await start(editor, "# engine: slow 500\nx = \n")
    first = editor.complete(1, 4)
    await editor.until("spanfill/status", lambda status: status.state == "busy")
    editor.edit(0, 10, "say quick", deleted=8)
    second = await editor.complete(1, 4)
    assert (await first).items == []
    assert second.items[0].insertText == "quick"


async def test_cancel_reaches_the_running_pass(editor: Editor) -> None:
    await start(editor, "# engine: slow 1000\nx = \n")
    pending = editor.complete(1, 4, identifier="slow")
    await editor.until("spanfill/status", lambda status: status.state == "busy")
    editor.seen.clear()
    editor.client.cancel_request(types.CancelParams(id="slow"))
    with pytest.raises((JsonRpcException, asyncio.CancelledError)):
        await pending
    await editor.until("spanfill/status", lambda status: status.state == "ready")


async def test_typing_along_and_taking_back_asks_no_model(editor: Editor) -> None:
    await start(editor, "# engine: count\nx = \n", {"completion": {"debounceMs": 0, "speculate": False}})
    assert (await editor.complete(1, 4)).items[0].insertText == "call1"
    editor.edit(1, 4, "ca")
    assert (await editor.complete(1, 6)).items[0].insertText == "ll1"
    editor.edit(1, 5, "", deleted=1)
    assert (await editor.complete(1, 5)).items[0].insertText == "all1"
    editor.edit(1, 3, "", deleted=2)
    assert (await editor.complete(1, 3)).items[0].insertText == " call1"
    editor.edit(1, 3, "#")
    assert (await editor.complete(1, 4, 1)).items[0].insertText == "call2"


async def test_requests_about_unknown_documents_are_errors(editor: Editor) -> None:
    await start(editor, "x")
    with pytest.raises(JsonRpcException) as caught:
        await editor.complete(0, 0, uri="file:///other")
    assert caught.value.code == -32602


async def test_bad_settings_make_one_message_and_defaults(editor: Editor) -> None:
    await editor.initialize({"completion": {"budgetMs": "x", "maxLines": -1}})
    await editor.ready()
    messages = [message.message for message in editor.client.messages]
    assert len(messages) == 1
    assert "completion.budgetMs" in messages[0]
    assert "1500" in messages[0]


async def test_a_missing_model_is_said_once_and_the_server_lives(editor: Editor) -> None:
    await editor.initialize({**FAST, "model": {"name": "missing"}})
    await editor.until("spanfill/status", lambda status: status.state == "error")
    editor.open("x = \n")
    assert (await editor.complete(0, 4)).items == []
    with pytest.raises(JsonRpcException, match="no model called missing"):
        await editor.complete(0, 4, 1)
    assert len(editor.client.messages) == 1


async def test_a_crash_of_the_model_is_survived(editor: Editor) -> None:
    await start(editor, "# engine: crash\nx = \n")
    assert (await editor.complete(1, 4)).items == []
    await editor.until("spanfill/status", lambda status: status.state == "error")
    assert len(editor.client.messages) == 1


async def test_disabled_means_no_model(editor: Editor) -> None:
    await editor.initialize({"enabled": False})
    editor.open("x = \n")
    assert (await editor.complete(0, 4, 1)).items == []
    assert {params.state for _, params in editor.seen} <= {"unloaded"}


@pytest.mark.parametrize(
    ("uri", "asked"),
    [
        ("file:///workspace/.env", False),
        ("file:///home/u/.ssh/id_rsa", False),
        ("file:///workspace/a.py", True),
    ],
)
async def test_secret_files_are_left_alone(editor: Editor, uri: str, asked: bool) -> None:
    await start(editor, "")
    editor.open("A=\n", uri=uri)
    assert bool((await editor.complete(0, 2, 1, uri=uri)).items) is asked


async def test_no_automatic_suggestion_inside_a_word(editor: Editor) -> None:
    await start(editor, "hello\n")
    assert (await editor.complete(0, 2)).items == []


async def test_the_selected_completion_is_continued(editor: Editor) -> None:
    await start(editor, "# engine: say (1)\nx.ap\n")
    selected = {
        "range": {"start": {"line": 1, "character": 2}, "end": {"line": 1, "character": 4}},
        "text": "append",
    }
    result = await editor.complete(1, 4, 2, selectedCompletionInfo=selected)
    assert result.items[0].insertText == "append(1)"
    assert result.items[0].range.start.character == 2
    assert result.items[0].range.end.character == 4


async def test_the_text_after_acceptance_is_there_already(editor: Editor) -> None:
    await start(editor, "# engine: count\nx = \n")
    assert (await editor.complete(1, 4)).items[0].insertText == "call1"
    editor.edit(1, 4, "call1")
    assert (await editor.complete(1, 9)).items[0].insertText == "call2"
    stats = await editor.request("workspace/executeCommand", {"command": "spanfill.showStats"})
    assert (stats.reused, stats.fills) == (1, 1)


async def test_clients_without_inline_completion_get_the_same_text(editor: Editor) -> None:
    result = await editor.initialize({"completion": {"debounceMs": 0, "fallback": True}})
    assert result.capabilities.completion_provider is not None
    await editor.ready()
    editor.open("# engine: say lue(1)\nx = va\n")
    params = {"textDocument": {"uri": "file:///workspace/module.py"}, "position": {"line": 1, "character": 6}}
    answer = await editor.request("textDocument/completion", params)
    item = answer.items[0]
    assert item.textEdit.newText == "value(1)"
    assert item.textEdit.range.start.character == 4
    assert item.filterText == "value(1)"


async def test_other_files_are_context_and_secret_ones_are_not(editor: Editor) -> None:
    await start(
        editor,
        "# engine: context\nx = \n",
        {"completion": {"debounceMs": 0}, "context": {"otherFilesTokens": 500}},
    )
    editor.open("def helper(): pass\n", uri="file:///workspace/lib/helper.py")
    editor.open("PASSWORD=1\n", uri="file:///workspace/.env")
    text = (await editor.complete(1, 4)).items[0].insertText
    assert "lib/helper.py" in text
    assert "def helper" in text
    assert "PASSWORD" not in text


async def test_taking_text_away_asks_no_model(editor: Editor) -> None:
    await start(editor, "# engine: count\nx = ab\n")
    editor.edit(1, 5, "", deleted=1)
    assert (await editor.complete(1, 5)).items == []
    assert (await editor.complete(1, 5, 1)).items[0].insertText == "call1"


async def test_a_line_that_time_cut_off_is_not_shown(editor: Editor) -> None:
    await start(editor, "# engine: late\n\n")
    assert (await editor.complete(1, 0)).items[0].insertText == "a = 1\nb = 2"


async def test_an_unsure_text_is_not_shown_where_confidence_is_asked_for(editor: Editor) -> None:
    await start(editor, "# engine: unsure\nx = \n", {"completion": {"debounceMs": 0, "minConfidence": 0.2}})
    assert (await editor.complete(1, 4, 1)).items == []
    editor.edit(0, 10, "say 5", deleted=6)
    assert (await editor.complete(1, 4, 1)).items[0].insertText == "5"


async def test_unasked_suggestions_keep_to_one_layout(editor: Editor) -> None:
    await start(editor, "# engine: describe\ndef f():\n    ")
    assert (await editor.complete(2, 4)).items[0].insertText.startswith("function|fim|")
    editor.edit(2, 4, "#")
    editor.edit(2, 4, "", deleted=1)
    editor.edit(0, 0, "#")
    assert (await editor.complete(2, 4, 1)).items[0].insertText.startswith("function|auto|")
