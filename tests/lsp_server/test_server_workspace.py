"""End to end, over a real folder: definitions of imports, ignore files that change, several cursors."""

from pathlib import Path
from typing import Any

import pytest
from editor import URI, Editor
from lsprotocol import types

QUICK = {"completion": {"debounceMs": 0, "speculate": False}}
CONTEXT = "# engine: context\n"


async def start(editor: Editor, root: Path, **context: object) -> None:
    await editor.initialize({**QUICK, "context": {"lookUpMs": 1000, **context}})
    await editor.ready()
    folder = types.WorkspaceFolder(uri=root.as_uri(), name="w")
    event = types.WorkspaceFoldersChangeEvent(added=[folder], removed=[])
    editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event=event))


async def said(editor: Editor, root: Path, name: str, text: str) -> str:
    uri = (root / name).as_uri()
    editor.open(text, uri=uri)
    lines = text.split("\n")
    result = await editor.complete(len(lines) - 1, len(lines[-1]), 1, uri=uri)
    return str(result.items[0].insertText) if result.items else ""


async def test_definitions_of_what_is_imported(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def helper(a, b):\n    return 'body'\n")
    await start(editor, tmp_path)
    text = await said(editor, tmp_path, "main.py", f"{CONTEXT}from other import helper\nx = ")
    assert "('other.py', 'def helper(a, b): ...\\n')" in text
    assert "body" not in text


async def test_none_where_they_are_not_wanted(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def helper(a, b): pass\n")
    await start(editor, tmp_path, definitionsTokens=0)
    assert "helper(" not in await said(
        editor, tmp_path, "main.py", f"{CONTEXT}from other import helper\nx = "
    )


@pytest.mark.parametrize("ignore", [".gitignore", ".spanfillignore"])
async def test_ignored_and_secret_modules_are_left_out(editor: Editor, tmp_path: Path, ignore: str) -> None:
    (tmp_path / "other.py").write_text("def helper(a, b): pass\n")
    (tmp_path / "secrets.py").write_text("def reveal(key): pass\n")
    (tmp_path / "open.py").write_text("def fine(key): pass\n")
    (tmp_path / ignore).write_text("other.py\n")
    await start(editor, tmp_path)
    text = await said(editor, tmp_path, "main.py", f"{CONTEXT}import other, secrets, open\nx = ")
    assert "fine(key)" in text
    assert "helper(" not in text
    assert "reveal(" not in text


async def test_definitions_come_before_recent_edits(editor: Editor, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("def helper(a, b): pass\n")
    await start(editor, tmp_path, otherFilesTokens=200)
    editor.open("third = 3\n", uri=(tmp_path / "third.py").as_uri())
    text = await said(editor, tmp_path, "main.py", f"{CONTEXT}from other import helper\nx = ")
    assert text.index("helper(") < text.index("third = 3")


async def test_a_changed_ignore_file_counts_at_once(editor: Editor, tmp_path: Path) -> None:
    await start(editor, tmp_path)
    uri = (tmp_path / "private.py").as_uri()
    editor.open("x = \n", uri=uri)
    assert (await editor.complete(0, 4, 1, uri=uri)).items
    (tmp_path / ".spanfillignore").write_text("private.py\n")
    assert (await editor.complete(0, 4, 1, uri=uri)).items == []
    (tmp_path / ".spanfillignore").write_text("other.py\n")
    assert (await editor.complete(0, 4, 1, uri=uri)).items


def tell(editor: Editor, **params: Any) -> None:
    editor.client.protocol.notify("spanfill/didChangeCursors", {"textDocument": {"uri": URI}, **params})


async def test_several_cursors_that_the_client_tells_of(editor: Editor) -> None:
    await editor.initialize(QUICK)
    await editor.ready()
    editor.open("x = \ny = \n")
    tell(editor, cursors=2)
    assert (await editor.complete(0, 4)).items == []
    assert (await editor.complete(0, 4, 1)).items  # asked for
    editor.edit(0, 0, "#")
    assert (await editor.complete(0, 5)).items == []  # one edit says nothing of the other cursors
    tell(editor, cursors=1)
    assert (await editor.complete(0, 5)).items


async def test_several_cursors_that_show_in_the_edits(editor: Editor) -> None:
    await editor.initialize(QUICK)
    await editor.ready()
    editor.open("x = \ny = \n")
    edits = [
        types.TextDocumentContentChangePartial(
            range=types.Range(types.Position(line, 4), types.Position(line, 4)), text="("
        )
        for line in (1, 0)
    ]
    identifier = types.VersionedTextDocumentIdentifier(uri=URI, version=2)
    editor.client.text_document_did_change(types.DidChangeTextDocumentParams(identifier, edits))
    assert (await editor.complete(0, 5)).items == []
    editor._versions[URI] = 2
    editor.edit(0, 5, "a")
    assert (await editor.complete(0, 6)).items


async def test_a_count_of_an_unknown_document_is_ignored(editor: Editor) -> None:
    await editor.initialize(QUICK)
    await editor.ready()
    tell(editor, cursors=3)
    editor.open("x = \n")
    assert (await editor.complete(0, 4)).items
