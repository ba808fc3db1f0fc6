"""End to end: the rules of automatic and invoked suggestions, and the answers where there is none."""

from pathlib import Path

import pytest
from editor import URI, Editor
from lsprotocol import types

QUICK = {"debounceMs": 0, "speculate": False}


async def start(editor: Editor, text: str, *, files: object = None, **completion: object) -> None:
    await editor.initialize({"completion": {**QUICK, **completion}, "files": files or {}})
    await editor.ready()
    editor.open(text)


async def fills(editor: Editor) -> int:
    stats = await editor.request("workspace/executeCommand", {"command": "spanfill.showStats"})
    return int(stats.fills)


async def test_where_nothing_is_said_the_answer_is_an_empty_list(editor: Editor) -> None:
    files = {"disabledGlobs": ["/generated/**", "*.min.js"], "disabledLanguages": ["markdown"]}
    await start(editor, "hello\n", files=files)
    refused = {
        "file:///workspace/generated/a.py": "python",
        "file:///workspace/lib/a.min.js": "javascript",
        "file:///workspace/a.md": "markdown",
        "file:///workspace/.env": "shellscript",
        "file:///workspace/certs/server.key": "plaintext",
    }
    for uri, language in refused.items():
        editor.open("x = \n", uri=uri, language=language)
        for kind in (0, 1, 2):
            answer = await editor.complete(0, 4, kind, uri=uri)
            assert answer is not None
            assert answer.items == [], uri
    assert (await editor.complete(0, 2)).items == []  # inside a word
    await editor.request("workspace/executeCommand", {"command": "spanfill.pause", "arguments": [True]})
    assert (await editor.complete(0, 5)).items == []
    assert await fills(editor) == 0


async def test_files_that_look_like_the_refused_ones_are_not(editor: Editor) -> None:
    await start(editor, "", files={"disabledGlobs": ["/generated/**"]})
    for uri in ("file:///workspace/src/generated.py", "file:///workspace/environment.py"):
        editor.open("x = \n", uri=uri)
        assert (await editor.complete(0, 4, uri=uri)).items, uri


async def test_secrets_that_git_ignores(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("local_*\n")
    await start(editor, "")
    event = types.WorkspaceFoldersChangeEvent([types.WorkspaceFolder(tmp_path.as_uri(), "w")], [])
    editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
    for name, asked in (("local_password.py", False), ("local_notes.py", True), ("password.py", True)):
        uri = (tmp_path / name).as_uri()
        editor.open("x = \n", uri=uri)
        assert bool((await editor.complete(0, 4, 1, uri=uri)).items) is asked, name


async def test_an_automatic_one_has_limits_that_an_invoked_one_has_not(editor: Editor) -> None:
    await start(editor, "# engine: limits\ndef f():\n    x = 1\n    if x:\n", budgetMs=400, candidates=1)
    editor.open("# engine: limits\nif x:\n", uri=URI)
    assert (await editor.complete(1, 5)).items[0].insertText == "block|400.0|96"
    editor.edit(0, 0, "#")
    assert (await editor.complete(1, 5, 1)).items[0].insertText.startswith("block|None|")


async def test_one_line_where_the_settings_want_no_more(editor: Editor) -> None:
    await start(editor, "# engine: limits\nif x:\n", multiLine=False)
    assert (await editor.complete(1, 5)).items[0].insertText.startswith("line|")
    editor.edit(0, 0, "#")
    assert (await editor.complete(1, 5, 1)).items[0].insertText.startswith("block|")


async def test_no_more_lines_than_the_settings_say_unless_asked(editor: Editor) -> None:
    lines = [f"a{number} = {number}" for number in range(9)]
    await start(editor, "# engine: say " + "\\n".join(lines) + "\n\n", maxLines=4)
    assert (await editor.complete(1, 0)).items[0].insertText == "\n".join(lines[:4])
    editor.edit(0, 0, "#")
    assert (await editor.complete(1, 0, 1)).items[0].insertText == "\n".join(lines)


async def test_automatic_ones_can_be_off(editor: Editor) -> None:
    await start(editor, "x = \n", automatic=False)
    assert (await editor.complete(0, 4)).items == []
    assert (await editor.complete(0, 4, 1)).items


async def test_typing_along_past_a_bracket_that_the_editor_closes(editor: Editor) -> None:
    await start(editor, "# engine: say call(one, two)\nx = \n")
    assert (await editor.complete(1, 4)).items[0].insertText == "call(one, two)"
    editor.edit(1, 4, "call()")
    result = await editor.complete(1, 9)
    assert result.items[0].insertText == "one, two)"
    assert (result.items[0].range.start.character, result.items[0].range.end.character) == (9, 10)
    assert await fills(editor) == 1


async def test_typing_along_over_lines(editor: Editor) -> None:
    await start(editor, "# engine: say \\n    a = 1\\n    b = 2\nif x:\n")
    assert (await editor.complete(1, 5)).items[0].insertText == "\n    a = 1\n    b = 2"
    editor.edit(1, 5, "\n    ")
    assert (await editor.complete(2, 4)).items[0].insertText == "a = 1\n    b = 2"
    editor.edit(2, 4, "", deleted=1)
    assert await fills(editor) == 1


@pytest.mark.parametrize("kind", [1, 2])
async def test_every_item_has_a_range_on_one_line(editor: Editor, kind: int) -> None:
    await start(editor, "# engine: say f(\\n    1,\\n)\nx = y()  \n")
    for character in (0, 4, 5, 6, 7, 8):
        for item in (await editor.complete(1, character, kind)).items:
            assert item.range.start.line == item.range.end.line == 1
            assert item.range.start.character <= character <= item.range.end.character
            if "\n" in item.insertText:
                assert item.range.end.character == 9


@pytest.mark.parametrize(
    ("engine", "speculate", "kept"),
    [
        ("slow 60", False, True),  # it comes whole
        ("reading 60", True, True),  # it comes cut off, and is written to the end
        ("reading 60", False, False),  # nothing is computed that nobody asked for
    ],
)
async def test_the_budget_holds_and_what_comes_late_is_kept(
    editor: Editor, engine: str, speculate: bool, kept: bool
) -> None:
    await start(editor, f"# engine: {engine}\nx = \n", budgetMs=50, speculate=speculate)
    editor.seen.clear()
    assert (await editor.complete(1, 4)).items == []
    # The answer came while the engine was still at it.
    assert not any(status.state == "ready" for _, status in editor.seen)
    await editor.ready()
    again = (await editor.complete(1, 4)).items
    stats = await editor.request("workspace/executeCommand", {"command": "spanfill.showStats"})
    if kept:
        assert again[0].insertText == "value"
    assert stats.reused == kept


async def test_unsure_texts_are_not_computed_ahead_either(editor: Editor) -> None:
    text = "z  # engine: unsure"  # what comes after it is
    await start(editor, f"# engine: say {text}\nx = \n", speculate=True, minConfidence=0.5)
    assert (await editor.complete(1, 4)).items[0].insertText == text
    editor.edit(1, 4, text)
    assert (await editor.complete(1, 4 + len(text))).items == []
