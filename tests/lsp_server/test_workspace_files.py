"""What may be read of a workspace, and what leads out of it."""

import os
from pathlib import Path

import pytest

from lsp_server.privacy import Privacy
from lsp_server.workspace_files import FOLDER_FILES, LARGEST_BYTES, WorkspaceFiles


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    (root / "sub").mkdir(parents=True)
    (root / "a.py").write_text("x = 1\n")
    (tmp_path / "outside.py").write_text("secret = 1\n")
    return root


def files(root: Path) -> WorkspaceFiles:
    return WorkspaceFiles([root], Privacy([root]))


def test_a_file_of_the_workspace(root: Path) -> None:
    assert files(root).stamp(root / "a.py") is not None
    assert files(root).read(root / "a.py") == "x = 1\n"


def test_a_change_changes_the_stamp(root: Path) -> None:
    before = files(root).stamp(root / "a.py")
    (root / "a.py").write_text("x = 22\n")
    assert files(root).stamp(root / "a.py") != before


@pytest.mark.parametrize("name", ["missing.py", "sub", "../outside.py", "\0"])
def test_what_is_no_file_of_it(root: Path, name: str) -> None:
    assert files(root).stamp(root / name) is None


def test_links_that_lead_out_are_not_followed(root: Path) -> None:
    (root / "out.py").symlink_to(root.parent / "outside.py")
    (root / "folder").symlink_to(root.parent)
    (root / "in.py").symlink_to(root / "a.py")
    assert files(root).stamp(root / "out.py") is None
    assert files(root).stamp(root / "folder" / "outside.py") is None
    assert files(root).read(root / "in.py") == "x = 1\n"
    assert files(root).stamp(root / "in.py") is not None


def test_a_link_to_a_secret_is_one(root: Path) -> None:
    (root / ".env").write_text("KEY=1\n")
    (root / "harmless.py").symlink_to(root / ".env")
    assert files(root).stamp(root / ".env") is None
    assert files(root).stamp(root / "harmless.py") is None


def test_a_workspace_that_is_a_link_itself(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)
    (root / ".gitignore").write_text("built.py\n")
    (root / "built.py").write_text("")
    assert files(link).stamp(link / "a.py") is not None
    assert files(link).stamp(link / "built.py") is None


def test_ignored_files(root: Path) -> None:
    (root / ".gitignore").write_text("a.py\n")
    assert files(root).stamp(root / "a.py") is None


def test_pipes_and_giants(root: Path) -> None:
    os.mkfifo(root / "pipe.py")
    (root / "giant.py").write_text("#" * (LARGEST_BYTES + 1))
    (root / "binary.py").write_bytes(b"x\0y")
    assert files(root).stamp(root / "pipe.py") is None
    assert files(root).stamp(root / "giant.py") is None
    assert files(root).read(root / "binary.py") == ""


def test_what_takes_a_files_place_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.py")
    assert files(root).read(root / "pipe.py") == ""


def test_without_a_workspace_nothing_is_read(root: Path) -> None:
    assert WorkspaceFiles((), Privacy()).stamp(root / "a.py") is None


def test_files_beside_each_other_in_order_and_bounded(root: Path) -> None:
    for number in range(FOLDER_FILES + 5):
        (root / "sub" / f"f{number:03}.go").write_text("")
    (root / "sub" / "x.txt").write_text("")
    found = files(root).beside(root / "sub", (".go",))
    assert [path.name for path in found] == [f"f{number:03}.go" for number in range(FOLDER_FILES)]
    assert files(root).beside(root / "nowhere", (".go",)) == ()


def test_the_nearest_go_module(root: Path) -> None:
    (root / "go.mod").write_text("// c\nmodule example.org/m\n\ngo 1.22\n")
    assert files(root).go_module(root / "sub") == (root, "example.org/m")
    (root / "sub" / "go.mod").write_text("module other\n")
    assert files(root).go_module(root / "sub") == (root / "sub", "other")
    (root.parent / "go.mod").write_text("module outside\n")
    (root / "go.mod").unlink()
    assert files(root).go_module(root) is None
