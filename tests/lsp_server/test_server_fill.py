"""`spanfill/fill`, commands and code actions, end to end."""

import asyncio
from typing import Any

import pytest
from editor import URI, Editor
from lsprotocol import types
from pygls.exceptions import JsonRpcException

FUNCTION = 'def f(x):\n    """Doc."""\n    # engine: say {0}\n    pass\n\n\nz = 1\n'


def fill_params(**more: Any) -> dict[str, Any]:
    return {"textDocument": {"uri": URI}, **more}


def at(line: int, character: int) -> dict[str, int]:
    return {"line": line, "character": character}


def span(*ends: int) -> dict[str, Any]:
    return {"start": at(ends[0], ends[1]), "end": at(ends[2], ends[3])}


class Applied:
    """The client's side of `workspace/applyEdit`."""

    def __init__(self, editor: Editor, applied: bool = True) -> None:
        self.edits: list[types.ApplyWorkspaceEditParams] = []

        @editor.client.feature(types.WORKSPACE_APPLY_EDIT)
        def apply(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self.edits.append(params)
            return types.ApplyWorkspaceEditResult(applied=applied, failure_reason=None if applied else "no")


VERSIONED = types.WorkspaceClientCapabilities(
    workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True)
)


async def start(editor: Editor, text: str, **capabilities: Any) -> None:
    await editor.initialize({"completion": {"debounceMs": 0}}, **capabilities)
    await editor.ready()
    editor.open(text)


async def test_a_fill_answers_a_versioned_edit_and_sends_frames(editor: Editor) -> None:
    await start(
        editor, '# engine: say     return x + 1\ndef f(x):\n    """Doc."""\n    return x\n\n\nz = 1\n'
    )
    answer = await editor.request("spanfill/fill", fill_params(position=at(3, 4), mode="function", id="mine"))
    change = answer.edit.documentChanges[0]
    assert change.textDocument.version == 1
    assert change.edits[0].newText == "    return x + 1"
    assert (change.edits[0].range.start.line, change.edits[0].range.start.character) == (3, 0)
    assert (change.edits[0].range.end.line, change.edits[0].range.end.character) == (3, 12)
    assert answer.statistics.model == "scripted"
    frames = [params for method, params in editor.seen if method == "spanfill/frame"]
    assert {frame.id for frame in frames} == {"mine"}
    assert [frame.committedTokens for frame in frames] == sorted(frame.committedTokens for frame in frames)
    assert len(frames) == 3
    assert frames[-1].slots[0].state == "committed"
    assert frames[-1].range.start.line == 3


async def test_a_selection_of_whole_lines_keeps_its_last_line_break(editor: Editor) -> None:
    await start(editor, "# engine: say new\na = 1\nb = 2\nc = 3\n")
    answer = await editor.request("spanfill/fill", fill_params(range=span(1, 0, 3, 0), mode="region"))
    assert answer.text == "new"
    assert (answer.range.end.line, answer.range.end.character) == (2, 5)


async def test_an_edit_meanwhile_refuses_the_fill(editor: Editor) -> None:
    await start(editor, "# engine: slow 500\nx = \n")
    pending = editor.request("spanfill/fill", fill_params(position=at(1, 4)))
    await editor.until("spanfill/frame")
    editor.edit(0, 0, "#")
    with pytest.raises(JsonRpcException) as caught:
        await pending
    assert caught.value.code == -32801
    await editor.ready()


async def test_an_old_version_is_refused_at_once(editor: Editor) -> None:
    await start(editor, "x = \n")
    editor.edit(0, 4, "1")
    with pytest.raises(JsonRpcException) as caught:
        await editor.request(
            "spanfill/fill", {"textDocument": {"uri": URI, "version": 1}, "position": at(0, 5)}
        )
    assert caught.value.code == -32801


async def test_progress_with_the_clients_token_and_its_cancel_button(editor: Editor) -> None:
    await start(editor, "# engine: slow 1000\nx = \n")
    editor.client.progress_reports["t"] = []
    pending = editor.request("spanfill/fill", fill_params(position=at(1, 4), workDoneToken="t"))
    await editor.until("spanfill/frame")
    assert isinstance(editor.client.progress_reports["t"][0], types.WorkDoneProgressBegin)
    assert editor.client.progress_reports["t"][0].cancellable
    editor.client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token="t"))
    with pytest.raises((JsonRpcException, asyncio.CancelledError)):
        await pending
    assert isinstance(editor.client.progress_reports["t"][-1], types.WorkDoneProgressEnd)


async def test_automatic_suggestions_do_not_disturb_an_invoked_fill(editor: Editor) -> None:
    await start(editor, "# engine: slow 30\nx = \n")
    pending = editor.request("spanfill/fill", fill_params(position=at(1, 4)))
    await editor.until("spanfill/frame")
    assert (await editor.complete(1, 4)).items == []
    assert (await pending).text == "value"


async def test_a_command_applies_its_edit_with_a_version(editor: Editor) -> None:
    applied = Applied(editor)
    await start(editor, FUNCTION.format("    return x"), workspace=VERSIONED)
    await editor.request(
        "workspace/executeCommand",
        {"command": "spanfill.fillFunctionBody", "arguments": [fill_params(position=at(0, 4))]},
    )
    (change,) = applied.edits[0].edit.document_changes
    assert change.text_document.version == 1
    assert change.edits[0].range == types.Range(types.Position(2, 0), types.Position(3, 8))


async def test_a_client_without_versioned_edits_gets_plain_ones(editor: Editor) -> None:
    applied = Applied(editor)
    await start(editor, "# engine: say 7\nx = \n")
    params = {"command": "spanfill.fillSelection", "arguments": [fill_params(range=span(1, 4, 1, 4))]}
    await editor.request("workspace/executeCommand", params)
    assert applied.edits[0].edit.document_changes is None
    assert applied.edits[0].edit.changes[URI][0].new_text == "7"


async def test_a_refused_edit_is_an_error(editor: Editor) -> None:
    Applied(editor, applied=False)
    await start(editor, "x = \n")
    params = {"command": "spanfill.fillSelection", "arguments": [fill_params(range=span(0, 4, 0, 4))]}
    with pytest.raises(JsonRpcException, match="refused the edit: no"):
        await editor.request("workspace/executeCommand", params)


async def test_secret_files_are_refused_with_a_reason(editor: Editor) -> None:
    await start(editor, "")
    editor.open("KEY=", uri="file:///workspace/.env.local")
    with pytest.raises(JsonRpcException, match="secrets"):
        await editor.request(
            "spanfill/fill", {"textDocument": {"uri": "file:///workspace/.env.local"}, "position": at(0, 4)}
        )


async def actions(
    editor: Editor, selection: dict[str, Any], diagnostics: list[Any] | None = None, only: Any = None
) -> list[Any]:
    context = {"diagnostics": diagnostics or [], "only": only}
    return await editor.request("textDocument/codeAction", fill_params(range=selection, context=context))


async def test_code_actions_for_a_selection_a_function_and_a_diagnostic(editor: Editor) -> None:
    await start(editor, FUNCTION.format("x"))
    problem = {"range": span(3, 4, 3, 8), "message": "does nothing\nat all", "severity": 1}
    found = await actions(editor, span(2, 0, 4, 0), [problem])
    titles = [action["title"] for action in found]
    assert titles == [
        "Fill selection",
        "Regenerate function body",
        "Fix: does nothing",
        "Rewrite selection: engine: say x",
        "Optimise selection",
        "Explain selection",
    ]
    fix = found[2]
    assert fix["kind"] == "quickfix"
    assert fix["diagnostics"][0]["message"].startswith("does nothing")
    assert [action["title"] for action in await actions(editor, span(6, 0, 6, 0))] == []
    kinds = {action["kind"] for action in await actions(editor, span(2, 0, 4, 0), [problem], ["quickfix"])}
    assert kinds == {"quickfix"}


async def test_the_fix_action_runs(editor: Editor) -> None:
    applied = Applied(editor)
    await start(editor, "# engine: describe\nx = foo\n", workspace=VERSIONED)
    (fix,) = await actions(editor, span(1, 4, 1, 4), [{"range": span(1, 4, 1, 7), "message": "undefined"}])
    argument = {
        "textDocument": {"uri": URI, "version": 1},
        "range": span(1, 0, 1, 7),
        "instruction": fix["command"]["arguments"][0]["instruction"],
    }
    await editor.request(
        "workspace/executeCommand", {"command": fix["command"]["command"], "arguments": [argument]}
    )
    text = applied.edits[0].edit.document_changes[0].edits[0].new_text
    assert text.startswith("region|chat|Fix this problem: undefined\n")
    assert "```python\nx = foo\n```" in text


async def test_explain_shows_words_and_edits_nothing(editor: Editor) -> None:
    await start(editor, "x = 1\n")
    params = {"command": "spanfill.explain", "arguments": [fill_params(range=span(0, 0, 0, 5))]}
    assert await editor.request("workspace/executeCommand", params) == "value"
    assert editor.client.messages[-1].message == "value"


async def test_a_client_with_a_place_for_explanations_is_shown_none(editor: Editor) -> None:
    await start(editor, "x = 1\n")
    argument = fill_params(range=span(0, 0, 0, 5), show=False)
    params = {"command": "spanfill.explain", "arguments": [argument]}
    assert await editor.request("workspace/executeCommand", params) == "value"
    assert not [message for message in editor.client.messages if message.message == "value"]


async def test_the_optimise_action_says_what_to_do(editor: Editor) -> None:
    await start(editor, "x = 1\n")
    found = await actions(editor, span(0, 0, 0, 5))
    (optimise,) = [action for action in found if action["title"] == "Optimise selection"]
    assert optimise["command"]["arguments"][0]["instruction"].startswith("Make this code faster")


@pytest.mark.parametrize(
    "params",
    [
        {"command": "spanfill.nonsense"},
        {"command": "spanfill.fillSelection"},
        {"command": "spanfill.fillSelection", "arguments": [{"textDocument": 3}]},
        {"command": "spanfill.rewrite", "arguments": [fill_params(range=span(0, 0, 0, 1))]},
        {"command": 3},
        {},
    ],
)
async def test_wrong_commands_are_invalid_params(editor: Editor, params: dict[str, Any]) -> None:
    await start(editor, "x = 1\n")
    with pytest.raises(JsonRpcException) as caught:
        await editor.request("workspace/executeCommand", params)
    assert caught.value.code == -32602


async def test_statistics_pause_and_model_choice(editor: Editor) -> None:
    await start(editor, "# engine: count\nx = \n")
    await editor.complete(1, 4)
    await editor.complete(1, 4)
    editor.client.protocol.notify("spanfill/didShow", {"id": "s1"})
    await editor.request("workspace/executeCommand", {"command": "spanfill.accepted", "arguments": ["s1"]})
    stats = await editor.request("workspace/executeCommand", {"command": "spanfill.showStats"})
    assert (stats.fills, stats.reused, stats.shown, stats.accepted, stats.acceptance) == (1, 1, 1, 1, 1.0)
    assert stats.latencyMs.p50 > 0
    assert stats.cacheHits == 0.5
    assert await editor.request("workspace/executeCommand", {"command": "spanfill.pause"}) is True
    editor.edit(0, 0, "#")
    assert (await editor.complete(1, 4)).items == []
    assert await editor.request("workspace/executeCommand", {"command": "spanfill.pause"}) is False
    await editor.request(
        "workspace/executeCommand", {"command": "spanfill.selectModel", "arguments": ["other"]}
    )
    status = await editor.until(
        "spanfill/status", lambda status: status.model == "other" and status.state == "ready"
    )
    assert status.paused is False


async def test_settings_are_asked_for_and_asked_again_when_they_change(editor: Editor) -> None:
    editor.client.set_configuration({"spanfill": {"model": {"name": "first"}}})
    workspace = types.WorkspaceClientCapabilities(configuration=True)
    await editor.initialize({"model": {"name": "zero"}}, workspace=workspace)
    await editor.until("spanfill/status", lambda status: status.model == "first" and status.state == "ready")
    editor.seen.clear()
    editor.client.set_configuration({"spanfill": {"model": {"name": "second", "load": "firstUse"}}})
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=None))
    await editor.until("spanfill/status", lambda status: status.state == "unloaded")
    editor.open("x = \n")
    await editor.complete(0, 4, 1)
    await editor.until("spanfill/status", lambda status: status.model == "second" and status.state == "ready")


async def test_a_statement_is_filled_whole(editor: Editor) -> None:
    await start(editor, "# engine: say y = 2\nif a:\n    x = [1,\n      2]\n")
    answer = await editor.request("spanfill/fill", fill_params(position=at(3, 7), mode="statement"))
    assert (answer.range.start.line, answer.range.start.character) == (2, 4)
    assert (answer.range.end.line, answer.range.end.character) == (3, 8)
    assert answer.text == "y = 2"


async def test_a_running_command_is_cancelled_by_its_request(editor: Editor) -> None:
    await start(editor, "# engine: slow 1000\nx = \n")
    params = {"command": "spanfill.fillSelection", "arguments": [fill_params(range=span(1, 4, 1, 4))]}
    pending = editor.request("workspace/executeCommand", params, identifier="command")
    await editor.until("spanfill/frame")
    editor.seen.clear()
    editor.client.cancel_request(types.CancelParams(id="command"))
    with pytest.raises((JsonRpcException, asyncio.CancelledError)):
        await pending
    await editor.ready()


async def test_a_client_that_answers_nonsense_is_told_so(editor: Editor) -> None:
    @editor.client.feature(types.WORKSPACE_APPLY_EDIT)
    def apply(params: types.ApplyWorkspaceEditParams) -> list[int]:
        del params
        return [1]

    await start(editor, "x = \n")
    params = {"command": "spanfill.fillSelection", "arguments": [fill_params(range=span(0, 4, 0, 4))]}
    with pytest.raises(JsonRpcException, match="can't be understood"):
        await editor.request("workspace/executeCommand", params)
    assert (await editor.complete(0, 4, 1)).items


async def test_progress_of_our_own_where_the_client_can_show_it(editor: Editor) -> None:
    window = types.WindowClientCapabilities(work_done_progress=True)
    await start(editor, "# engine: stuck\nx = \n", window=window)
    pending = editor.request("spanfill/fill", fill_params(position=at(1, 4)))
    # The fill runs whether the client has answered or not.
    await editor.until("spanfill/status", lambda status: status.state == "busy")
    for _ in range(2):  # by now it has, and the server has taken note
        await editor.request("workspace/executeCommand", {"command": "spanfill.showStats"})
    editor.edit(0, 0, "#")
    with pytest.raises(JsonRpcException):
        await pending
    ((_, reports),) = editor.client.progress_reports.items()
    assert isinstance(reports[0], types.WorkDoneProgressBegin)
    assert isinstance(reports[-1], types.WorkDoneProgressEnd)


async def test_paths_count_from_the_workspaces_folders(editor: Editor) -> None:
    await start(editor, "# engine: describe\n")
    uri = "file:///other/deep/file.py"
    editor.open("# engine: describe\nx = \n", uri=uri)
    where = {"textDocument": {"uri": uri}, "position": at(1, 4)}
    assert (await editor.request("spanfill/fill", where)).text.endswith("|file.py")
    event = types.WorkspaceFoldersChangeEvent(
        added=[types.WorkspaceFolder(uri="file:///other", name="other")], removed=[]
    )
    editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event=event))
    assert (await editor.request("spanfill/fill", where)).text.endswith("|deep/file.py")


async def test_a_change_ends_the_fill_within_its_pass_and_no_frame_comes_after(editor: Editor) -> None:
    await start(editor, "# engine: stuck\nx = \n")
    pending = editor.request("spanfill/fill", fill_params(position=at(1, 4), workDoneToken="t"))
    editor.client.progress_reports["t"] = []
    await editor.until("spanfill/status", lambda status: status.state == "busy")
    editor.edit(0, 0, "#")
    with pytest.raises(JsonRpcException) as caught:
        await pending
    assert caught.value.code == -32801
    await editor.ready()
    assert [method for method, _ in editor.seen if method == "spanfill/frame"] == []
    assert isinstance(editor.client.progress_reports["t"][-1], types.WorkDoneProgressEnd)


async def test_closing_the_file_ends_its_fill_too(editor: Editor) -> None:
    await start(editor, "# engine: stuck\nx = \n")
    pending = editor.request("spanfill/fill", fill_params(position=at(1, 4)))
    await editor.until("spanfill/status", lambda status: status.state == "busy")
    editor.close()
    with pytest.raises(JsonRpcException) as caught:
        await pending
    assert caught.value.code == -32801


async def test_a_change_to_another_file_is_no_reason_to_stop(editor: Editor) -> None:
    await start(editor, "# engine: slow 30\nx = \n")
    editor.open("y = 1\n", uri="file:///workspace/other.py")
    pending = editor.request("spanfill/fill", fill_params(position=at(1, 4)))
    await editor.until("spanfill/frame")
    editor.edit(0, 0, "#", uri="file:///workspace/other.py")
    assert (await pending).text == "value"
