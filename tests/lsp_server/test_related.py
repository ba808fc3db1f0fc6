"""From a document to the definitions it can name, over real files."""

from pathlib import Path

import pytest

from lsp_server.definition_index import DefinitionIndex, outlined
from lsp_server.languages import language_by_id, language_of_path
from lsp_server.privacy import Privacy
from lsp_server.related import FILES, Surround, surround
from lsp_server.syntax import parse
from lsp_server.workspace_files import WorkspaceFiles


def index(root: Path) -> DefinitionIndex:
    return DefinitionIndex(WorkspaceFiles([root], Privacy([root])))


def write(root: Path, **contents: str) -> None:
    for name, text in contents.items():
        path = root / name.replace("__init__", "INIT").replace("__", "/").replace("INIT", "__init__")
        stem, _, ending = path.name.rpartition("_")
        path = path.with_name(f"{stem}.{ending}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def around(root: Path, file: str, text: str, known: DefinitionIndex | None = None) -> Surround:
    language = language_of_path(file)
    document = outlined(root / file, parse(text, language_by_id(language)), language)
    return surround(document, known or index(root))


def seen(found: Surround, root: Path) -> dict[str, list[str]]:
    return {
        related.path.relative_to(root).as_posix(): [one.name for one in related.definitions]
        for related in found.imported
    }


LAYOUTS = [
    ("a.py", "from pkg.b import f\n", {"pkg__b_py": "def f(): pass\ndef g(): pass\n"}, {"pkg/b.py": ["f"]}),
    ("a.py", "import b\n", {"b_py": "def f(): pass\ndef g(): pass\n"}, {"b.py": ["f", "g"]}),
    ("pkg/a.py", "from .b import f\n", {"pkg__b_py": "def f(): pass\n"}, {"pkg/b.py": ["f"]}),
    ("pkg/a.py", "from . import b\n", {"pkg__b_py": "def f(): pass\n"}, {"pkg/b.py": ["f"]}),
    ("a.py", "import os\nfrom json import loads\n", {}, {}),
    # names that a package hands on
    (
        "a.py",
        "from pkg import f\n",
        {"pkg____init___py": "from pkg.b import f\n", "pkg__b_py": "def f(): pass\n"},
        {"pkg/b.py": ["f"]},
    ),
    ("x/a.ts", "import { f } from '../y';\n", {"y_ts": "export function f() {}\n"}, {"y.ts": ["f"]}),
    (
        "a.ts",
        "import { f } from './lib';\n",
        {"lib__index_ts": "export { f } from './f';\n", "lib__f_ts": "export function f() {}\n"},
        {"lib/f.ts": ["f"]},
    ),
    ("a.jsx", "import B from './B';\n", {"B_jsx": "export const B = () => null;\n"}, {"B.jsx": ["B"]}),
    (
        "src/main.rs",
        "mod m;\nuse crate::m::f;\n",
        {"src__m_rs": "pub fn f() {}\npub fn g() {}\n"},
        {"src/m.rs": ["f", "g"]},
    ),
    ("p/a.go", "package p\n", {"p__b_go": "package p\nfunc F() {}\n"}, {"p/b.go": ["F"]}),
    (
        "a.go",
        'package m\nimport "ex.org/m/q"\n',
        {"go_mod": "module ex.org/m\n", "q__b_go": "package q\nfunc F() {}\n"},
        {"q/b.go": ["F"]},
    ),
    ("src/a.c", '#include "b.h"\n', {"src__b_h": "int f(int a);\n"}, {"src/b.h": ["f"]}),
    ("a.cpp", '#include "b.hpp"\n', {"include__b_hpp": "class A {};\n"}, {"include/b.hpp": ["A"]}),
    ("p/A.java", "class A {}\n", {"p__B_java": "class B { int f() { return 1; } }\n"}, {"p/B.java": ["B"]}),
    ("A.cs", "class A {}\n", {"B_cs": "class B {}\n"}, {"B.cs": ["B"]}),
    ("a.rb", "require_relative 'b'\n", {"b_rb": "def f\nend\n"}, {"b.rb": ["f"]}),
    ("a.php", "<?php require 'b.php';\n", {"b_php": "<?php function f() {}\n"}, {"b.php": ["f"]}),
    ("a.lua", "local m = require('m')\n", {"m_lua": "function M.f() end\n"}, {"m.lua": ["f"]}),
    ("a.sh", "source ./b.sh\n", {"b_sh": "f() {\n  :\n}\n"}, {"b.sh": ["f"]}),
]


@pytest.mark.parametrize(("file", "text", "others", "expected"), LAYOUTS)
def test_imported_modules(
    tmp_path: Path, file: str, text: str, others: dict[str, str], expected: dict[str, list[str]]
) -> None:
    write(tmp_path, **others)
    assert seen(around(tmp_path, file, text), tmp_path) == expected


def test_the_documents_own_definitions(tmp_path: Path) -> None:
    found = around(tmp_path, "a.py", "def f(x): pass\n")
    assert [one.text for one in found.own] == ["def f(x): ..."]


def test_imports_of_each_other_come_to_an_end(tmp_path: Path) -> None:
    write(tmp_path, a_py="from b import x\n", b_py="from a import x\n")
    assert around(tmp_path, "c.py", "from a import x\n").imported == ()


def test_what_is_imported_by_name_and_the_order_of_imports(tmp_path: Path) -> None:
    write(tmp_path, a_py="def f(): pass\ndef g(): pass\n", b_py="def h(): pass\n")
    found = around(tmp_path, "c.py", "from b import h\nfrom a import g\nimport a\n")
    assert list(seen(found, tmp_path)) == ["b.py", "a.py"]
    assert found.imported[1].named == {"g"}
    assert found.names == {"f", "g", "h"}


def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = index(tmp_path)
    write(tmp_path, b_py="def f(): pass\n")
    assert seen(around(tmp_path, "a.py", "import b\n", known), tmp_path) == {"b.py": ["f"]}
    reads: list[Path] = []
    real = known.files.read
    monkeypatch.setattr(known.files, "read", lambda path: (reads.append(path), real(path))[1])
    around(tmp_path, "a.py", "import b\n", known)
    assert reads == []
    write(tmp_path, b_py="def longer(): pass\n")
    assert seen(around(tmp_path, "a.py", "import b\n", known), tmp_path) == {"b.py": ["longer"]}
    (tmp_path / "b.py").unlink()
    assert around(tmp_path, "a.py", "import b\n", known).imported == ()


@pytest.mark.parametrize("name", [".gitignore", ".spanfillignore"])
def test_ignored_modules_are_not_looked_into(tmp_path: Path, name: str) -> None:
    write(tmp_path, b_py="def f(): pass\n")
    (tmp_path / name).write_text("b.py\n")
    assert around(tmp_path, "a.py", "import b\n").imported == ()


def test_the_number_of_files_is_bounded(tmp_path: Path) -> None:
    for number in range(FILES + 10):
        (tmp_path / f"m{number}.py").write_text("def f(): pass\n")
    text = "".join(f"import m{number}\n" for number in range(FILES + 10))
    assert len(around(tmp_path, "a.py", text).imported) == FILES


def test_what_a_half_written_line_hides_is_not_forgotten(tmp_path: Path) -> None:
    write(tmp_path, b_py="def g(): pass\n")
    whole = around(tmp_path, "a.py", "import b\n\ndef f(): pass\n\nx = 1\n")
    hidden = around(tmp_path, "a.py", "x = f(\n\n'''\nimport b\n\ndef f(): pass\n\nx = 1\n")
    assert hidden.broken
    assert not hidden.follows(whole)
    removed = around(tmp_path, "a.py", "x = 1\n")
    assert removed.follows(whole)
    assert not around(tmp_path, "a.py", "import b\n\ndef f(): pass\n\ny = 2\n").follows(whole)
    more = around(tmp_path, "a.py", "import b\n\ndef f(): pass\n\ndef h(): pass\n\nx = (\n")
    assert more.broken
    assert more.follows(whole)
