"""Settings that come late, twice, badly or not at all, end to end."""

import asyncio
from typing import Any

import pytest
from editor import Editor
from lsprotocol import types
from pygls.exceptions import JsonRpcException

CONFIGURABLE = types.WorkspaceClientCapabilities(configuration=True)
BAD = {"completion": {"budgetMs": "x", "debounceMs": 0}}


def warnings(editor: Editor) -> list[str]:
    return [message.message for message in editor.client.messages]


async def changed(editor: Editor, settings: Any) -> None:
    """Send settings and wait until they have been taken."""
    editor.client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings=settings))
    await editor.request("workspace/executeCommand", {"command": "spanfill.showStats"})


async def test_a_bad_value_is_told_of_once_and_again_when_it_was_mended_meanwhile(editor: Editor) -> None:
    await editor.initialize(BAD)
    await editor.ready()
    await changed(editor, {"spanfill": BAD})
    assert len(warnings(editor)) == 1
    assert "completion.budgetMs can't be 'x', 1500.0 is used" in warnings(editor)[0]
    await changed(editor, {"spanfill": {"completion": {"budgetMs": 100}}})
    await changed(editor, {"spanfill": BAD})
    assert len(warnings(editor)) == 2


async def test_bad_values_of_both_kinds_of_settings_make_one_message(editor: Editor) -> None:
    editor.client.set_configuration({"spanfill": {"context": {"prefixTokens": -1}}})
    await editor.initialize(BAD, workspace=CONFIGURABLE)
    await editor.ready()
    (message,) = warnings(editor)
    assert "completion.budgetMs" in message
    assert "context.prefixTokens is -1, not between 16 and" in message


async def test_the_chosen_model_stays_until_the_settings_name_another(editor: Editor) -> None:
    await editor.initialize({"model": {"name": "first"}})
    await editor.ready()
    chosen = {"command": "spanfill.selectModel", "arguments": ["second"]}
    await editor.request("workspace/executeCommand", chosen)
    await editor.until("spanfill/status", lambda status: status.model == "second" and status.state == "ready")
    editor.seen.clear()
    await changed(editor, {"spanfill": {"completion": {"maxLines": 3}}})
    await changed(editor, {"spanfill": {"model": {"name": "third"}}})
    await editor.until("spanfill/status", lambda status: status.model == "third" and status.state == "ready")
    assert not [status for _, status in editor.seen if status.model == "first"]


async def test_completion_is_offered_when_settings_ask_for_it_after_initialize(editor: Editor) -> None:
    registered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    @editor.client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        registered.set_result(params.registrations)

    editor.client.set_configuration({"spanfill": {"completion": {"fallback": True, "debounceMs": 0}}})
    dynamic = types.CompletionClientCapabilities(dynamic_registration=True)
    result = await editor.initialize(
        workspace=CONFIGURABLE, text_document=types.TextDocumentClientCapabilities(completion=dynamic)
    )
    assert result.capabilities.completion_provider is None
    async with asyncio.timeout(editor.patience_s):
        (registration,) = await registered
    assert registration.method == "textDocument/completion"
    await editor.ready()
    editor.open("# engine: say 42\nx = \n")
    params = {"textDocument": {"uri": "file:///workspace/module.py"}, "position": {"line": 1, "character": 4}}
    assert (await editor.request("textDocument/completion", params)).items[0].textEdit.newText == "42"


async def test_disabling_lets_go_of_the_model_and_enabling_loads_it(editor: Editor) -> None:
    await editor.initialize()
    await editor.ready()
    editor.open("x = \n")
    await changed(editor, {"spanfill": {"enabled": False}})
    await editor.until("spanfill/status", lambda status: status.state == "unloaded" and status.paused)
    editor.seen.clear()
    await editor.request("workspace/executeCommand", {"command": "spanfill.selectModel", "arguments": ["b"]})
    assert (await editor.complete(0, 4, 1)).items == []
    where = {"textDocument": {"uri": "file:///workspace/module.py"}, "position": {"line": 0, "character": 4}}
    with pytest.raises(JsonRpcException, match="disabled"):
        await editor.request("spanfill/fill", where)
    assert not [status for _, status in editor.seen if status.state in ("loading", "ready", "busy")]
    await changed(editor, {"spanfill": {"enabled": True}})
    await editor.until("spanfill/status", lambda status: status.state == "ready")


async def test_pausing_takes_true_or_false(editor: Editor) -> None:
    await editor.initialize()
    for argument, paused in ((True, True), (True, True), (False, False)):
        params = {"command": "spanfill.pause", "arguments": [argument]}
        assert await editor.request("workspace/executeCommand", params) is paused
    with pytest.raises(JsonRpcException) as caught:
        await editor.request("workspace/executeCommand", {"command": "spanfill.pause", "arguments": ["no"]})
    assert caught.value.code == -32602
