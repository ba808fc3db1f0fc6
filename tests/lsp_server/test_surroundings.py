"""Look-ups beside the conversation: when they run, what they find, and that nobody waits for them."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server import open_document
from lsp_server import surroundings as module
from lsp_server.context import ContextLimits
from lsp_server.definition_choice import Chunks
from lsp_server.languages import language_by_id
from lsp_server.open_document import OpenDocument
from lsp_server.positions import Position, Range
from lsp_server.privacy import Privacy
from lsp_server.surroundings import Surroundings
from lsp_server.syntax import parse
from lsp_server.workspace_files import WorkspaceFiles

PATIENCE_MS = 20_000.0
TEXT = "import other\n\n\ndef main():\n    pass\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "other.py").write_text("def helper(a, b):\n    return 1\n")
    return tmp_path


@pytest.fixture
def around(root: Path) -> Iterator[Surroundings]:
    made = Surroundings(WorkspaceFiles([root], Privacy([root])))
    yield made
    made.close()


def opened(root: Path, text: str = TEXT) -> OpenDocument:
    return OpenDocument((root / "main.py").as_uri(), text, version=1, language="python")


def asked(around: Surroundings, document: OpenDocument, offset: int | None = None) -> Chunks:
    return around.chunks(
        document,
        document.text,
        len(document.text) if offset is None else offset,
        limit=1000,
        limits=ContextLimits(),
        name_of=lambda path: path.name,
        own="main.py",
    )


async def looked_up(around: Surroundings, document: OpenDocument, root: Path) -> Chunks:
    around.look_up(document, root / "main.py", again=True)
    await around.settle(document, PATIENCE_MS)
    return asked(around, document)


async def test_what_an_import_leads_to(around: Surroundings, root: Path) -> None:
    assert await looked_up(around, opened(root), root) == (("other.py", "def helper(a, b): ...\n"),)


async def test_before_the_look_up_there_is_nothing_and_nobody_waits(around: Surroundings, root: Path) -> None:
    document = opened(root)
    assert asked(around, document) == ()
    around.look_up(document, root / "main.py")
    assert asked(around, document) == ()


async def test_the_wait_is_short(around: Surroundings, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "surround", lambda *_: time.sleep(2))
    document = opened(root)
    around.look_up(document, root / "main.py")
    started = time.perf_counter()
    await around.settle(document, 15)
    assert time.perf_counter() - started < 1


async def test_the_loop_goes_on_while_a_look_up_runs(around: Surroundings, root: Path) -> None:
    (root / "other.py").write_text("def helper(a, b):\n    return 1\n" * 2000)
    document, turns = opened(root), 0
    around.look_up(document, root / "main.py")
    settled = asyncio.ensure_future(around.settle(document, PATIENCE_MS))
    while not settled.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 5


async def test_a_changed_module_is_seen_after_a_while(
    around: Surroundings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = opened(root)
    await looked_up(around, document, root)
    (root / "other.py").write_text("def renamed(): pass\n")
    around.look_up(document, root / "main.py")
    await around.settle(document, PATIENCE_MS)
    assert "helper" in asked(around, document)[0][1]  # what is known is fresh
    monkeypatch.setattr(module, "UNEDITED_S", 0.0)
    around.look_up(document, root / "main.py")
    await around.settle(document, PATIENCE_MS)
    assert "renamed" in asked(around, document)[0][1]


async def test_an_edited_document_is_looked_at_sooner(
    around: Surroundings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "third.py").write_text("def third(): pass\n")
    document = opened(root)
    await looked_up(around, document, root)
    monkeypatch.setattr(module, "EDITED_S", 0.0)
    around.look_up(document, root / "main.py")
    assert around._known[document.uri].running is None
    document.change("import third\n", Range(Position(0, 0), Position(0, 0)))
    document.version = 2
    around.look_up(document, root / "main.py")
    await around.settle(document, PATIENCE_MS)
    assert [name for name, _ in asked(around, document)] == ["third.py", "other.py"]


async def test_typing_a_line_changes_nothing(around: Surroundings, root: Path) -> None:
    document = opened(root, TEXT + "\n\ndef more():\n    \n")
    first = await looked_up(around, document, root)
    assert first
    line, seen = document.line_count - 2, set()
    for column, character in enumerate("x = helper(main(), [other", start=4):
        document.change(character, Range(Position(line, column), Position(line, column)))
        document.version += 1
        if column % 5 == 0:  # as often as the clock would, and more
            await looked_up(around, document, root)
        seen.add(asked(around, document, document.offset_at(Position(line, column + 1))))
    assert seen == {first}


async def test_the_tree_at_hand_is_used_and_not_disturbed(around: Surroundings, root: Path) -> None:
    document = opened(root, TEXT + "def late(): pass\n")
    tree = document.syntax()
    assert tree is not None
    around.look_up(document, root / "main.py")
    document.change("#", Range(Position(3, 0), Position(3, 0)))  # while it runs
    await around.settle(document, PATIENCE_MS)
    assert [one.name for one in around._known[document.uri].catalogue.surround.own] == ["main", "late"]


async def test_the_first_tree_is_made_in_the_background(
    around: Surroundings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = opened(root)
    around.look_up(document, root / "main.py")
    document.change("x = '😀'\n", Range(Position(1, 0), Position(1, 0)))  # while it runs
    await around.settle(document, PATIENCE_MS)
    monkeypatch.setattr(open_document, "parse", lambda *_: pytest.fail("parsed from scratch"))
    tree = document.syntax()
    assert tree is not None
    fresh = parse(document.text, language_by_id("python"))
    assert fresh is not None
    assert str(tree.root) == str(fresh.root)


async def test_an_edit_too_soon_is_looked_at_a_little_later(
    around: Surroundings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "third.py").write_text("def third(): pass\n")
    document = opened(root)
    await looked_up(around, document, root)
    document.change("import third\n", Range(Position(0, 0), Position(0, 0)))
    document.version = 2
    later = asyncio.Event()
    begin = around._begin
    monkeypatch.setattr(around, "_begin", lambda *told: (begin(*told), later.set()))
    around.look_up(document, root / "main.py")
    assert not later.is_set()
    async with asyncio.timeout(PATIENCE_MS / 1000):
        await later.wait()
    await around.settle(document, PATIENCE_MS)
    assert [name for name, _ in asked(around, document)] == ["third.py", "other.py"]


async def test_nothing_is_made_of_a_secret_text(around: Surroundings, root: Path) -> None:
    (root / ".spanfillignore").write_text("main.py\n")
    assert await looked_up(around, opened(root), root) == ()


async def test_a_failure_is_no_failure_of_the_request(
    around: Surroundings, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = opened(root)
    first = await looked_up(around, document, root)

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(module, "surround", fail)
    assert await looked_up(around, document, root) == first


async def test_a_closed_document_is_forgotten(around: Surroundings, root: Path) -> None:
    document = opened(root)
    await looked_up(around, document, root)
    around.forget(document.uri)
    assert asked(around, document) == ()


async def test_closing_while_a_look_up_runs(root: Path) -> None:
    made = Surroundings(WorkspaceFiles([root], Privacy([root])))
    document = opened(root)
    made.look_up(document, root / "main.py")
    made.close()
    await made.settle(document, PATIENCE_MS)
    late = OpenDocument("file:///late.py", TEXT, language="python")
    made.look_up(late, root / "late.py")
    assert asked(made, late) == ()


async def test_a_request_costs_little(around: Surroundings, root: Path) -> None:
    names = [f"function_{number}" for number in range(300)]
    (root / "other.py").write_text("".join(f"def {name}(a, b): pass\n" for name in names))
    body = "".join(f"def f{n}():\n    return {names[n % 300]}(1)\n\n\n" for n in range(500))
    document = opened(root, "import other\n" + body)
    await looked_up(around, document, root)
    times = []
    for number in range(40):
        started = time.perf_counter()
        asked(around, document, document.line_start(100 + number))
        times.append(time.perf_counter() - started)
    assert sorted(times)[20] < 0.005
