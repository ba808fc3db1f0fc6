"""Where imports lead, given which files there are."""

from pathlib import PurePosixPath

import pytest

from lsp_server.import_targets import Target, targets
from lsp_server.imports import SAME_FOLDER, Import

ROOT = PurePosixPath("/w")

CASES = [
    ("python", "/w/pkg/a.py", Import("pkg.b", ("f",)), ["/w/pkg/b.py"]),
    ("python", "/w/pkg/a.py", Import("pkg", ("f",)), ["/w/pkg/__init__.py"]),
    ("python", "/w/pkg/a.py", Import("pkg", ("b",)), ["/w/pkg/__init__.py", "/w/pkg/b.py"]),
    ("python", "/w/pkg/a.py", Import(".", ("b",)), ["/w/pkg/__init__.py", "/w/pkg/b.py"]),
    ("python", "/w/pkg/sub/a.py", Import("..b"), ["/w/pkg/b.py"]),
    ("python", "/w/src/kit/a.py", Import("kit.b"), ["/w/src/kit/b.py"]),
    ("python", "/w/tools/x/a.py", Import("helper"), ["/w/tools/x/helper.py"]),
    ("python", "/w/pkg/a.py", Import("json"), []),
    ("javascript", "/w/a/x.js", Import("./y", ("f",)), ["/w/a/y.js"]),
    ("javascript", "/w/a/x.js", Import("../b"), ["/w/b/index.js"]),
    ("javascript", "/w/a/x.js", Import("react"), []),
    ("typescript", "/w/a/x.ts", Import("./z.js"), ["/w/a/z.ts"]),
    ("typescriptreact", "/w/a/x.tsx", Import("./App"), ["/w/a/App.tsx"]),
    ("rust", "/w/src/main.rs", Import("self::m"), ["/w/src/m.rs"]),
    ("rust", "/w/src/m.rs", Import("crate::n::deep", ("f",)), ["/w/src/n/deep.rs"]),
    ("rust", "/w/src/m.rs", Import("crate", ("n",)), ["/w/src/lib.rs", "/w/src/n/mod.rs"]),
    ("rust", "/w/src/n/deep.rs", Import("super::sibling"), ["/w/src/n/sibling.rs"]),
    ("rust", "/w/src/m.rs", Import("std", ("io",)), []),
    ("c", "/w/src/a.c", Import("b.h"), ["/w/src/b.h"]),
    ("c", "/w/src/a.c", Import("api/c.h"), ["/w/include/api/c.h"]),
    ("cpp", "/w/src/a.cpp", Import("../include/api/c.h"), ["/w/include/api/c.h"]),
    ("java", "/w/src/main/java/a/b/C.java", Import("a.d.E"), ["/w/src/main/java/a/d/E.java"]),
    ("ruby", "/w/lib/a.rb", Import("./b"), ["/w/lib/b.rb"]),
    ("ruby", "/w/bin/a.rb", Import("b"), ["/w/lib/b.rb"]),
    ("php", "/w/a.php", Import("./inc/b.php"), ["/w/inc/b.php"]),
    ("lua", "/w/a.lua", Import("m.n"), ["/w/m/n.lua"]),
    ("lua", "/w/lua/a.lua", Import("p"), ["/w/lua/p/init.lua"]),
    ("shellscript", "/w/a.sh", Import("./lib/b.sh"), ["/w/lib/b.sh"]),
]
THERE = {path for *_, paths in CASES for path in paths}


@pytest.mark.parametrize(("language", "file", "wanted", "expected"), CASES)
def test_the_first_candidate_that_exists(
    language: str, file: str, wanted: Import, expected: list[str]
) -> None:
    found = [
        next((str(path) for path in target.paths if str(path) in THERE), None)
        for target in targets(wanted, PurePosixPath(file), language, [ROOT])
    ]
    assert [path for path in found if path] == expected


def test_what_is_taken_is_said_of_the_module_alone() -> None:
    module, *submodules = targets(Import("pkg", ("f", "g")), ROOT / "a.py", "python", [ROOT])
    assert module.names == ("f", "g")
    assert [target.names for target in submodules] == [(), ()]


@pytest.mark.parametrize("language", ["go", "java", "csharp"])
def test_files_beside_it_need_no_import(language: str) -> None:
    (target,) = targets(Import(SAME_FOLDER), ROOT / "p" / "a", language, [ROOT])
    assert target == Target((), (), ROOT / "p")


def test_packages_of_a_go_module() -> None:
    def module(folder: object) -> tuple[PurePosixPath, str]:
        assert folder == ROOT / "cmd"
        return ROOT, "example.org/m"

    def folders(path: str) -> list[object]:
        found = targets(Import(path), ROOT / "cmd" / "a.go", "go", [ROOT], module)  # type: ignore[arg-type]
        return [target.folder for target in found]

    assert folders("example.org/m/x/y") == [ROOT / "x" / "y"]
    assert folders("example.org/m") == [ROOT]
    assert folders("example.org/mother/x") == []
    assert folders("fmt") == []


def test_a_path_above_the_top_stays_below_it() -> None:
    (target,) = targets(Import("../../../../etc/x"), PurePosixPath("/w/a.js"), "javascript", [ROOT])
    assert all(".." not in path.parts for path in target.paths)
