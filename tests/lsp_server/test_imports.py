"""What each language's imports name."""

import pytest

from lsp_server.imports import SAME_FOLDER, Import, imports
from lsp_server.languages import language_by_id
from lsp_server.syntax import parse

CASES = [
    ("python", "import a.b as q, z\n", [Import("a.b"), Import("z")]),
    ("python", "from a.b import (\n    c as d,  # why\n    e,\n)\n", [Import("a.b", ("c", "e"))]),
    ("python", "from . import x\nfrom ..m import *\n", [Import(".", ("x",)), Import("..m")]),
    ("python", "if TYPE_CHECKING:\n    from a import b\n", [Import("a", ("b",))]),
    ("python", "try:\n    import a\nexcept ImportError:\n    import b\n", [Import("a"), Import("b")]),
    ("python", "def f():\n    import hidden\ns = 'import no'\n# import neither\n", []),
    ("javascript", "import { a as b, c } from './x';\n", [Import("./x", ("a", "c"))]),
    ("javascript", "import d from '../y';\nimport './z';\n", [Import("../y"), Import("./z")]),
    (
        "javascript",
        "import * as n from './n';\nimport d, { e } from './o';\n",
        [Import("./n"), Import("./o")],
    ),
    (
        "javascript",
        "export { a } from './a';\nexport * from './b';\n",
        [Import("./a", ("a",)), Import("./b")],
    ),
    ("javascript", "export function f() { return 'from x'; }\nconst s = 1;\n", []),
    (
        "javascript",
        "const r = require('./r');\nconst { a, b: c } = require('./s');\n",
        [Import("./r"), Import("./s", ("a", "b"))],
    ),
    (
        "typescript",
        "import type { T } from './t';\nimport { type U, v } from './u';\n",
        [Import("./t", ("T",)), Import("./u", ("U", "v"))],
    ),
    ("typescriptreact", "import { App } from './App';\n", [Import("./App", ("App",))]),
    ("rust", "mod a;\npub mod b;\nmod c { fn x() {} }\n", [Import("self::a"), Import("self::b")]),
    (
        "rust",
        "use crate::x::{y, z::{W, self}, v as u};\n",
        [
            Import("crate::x", ("y",)),
            Import("crate::x::z", ("W",)),
            Import("crate::x::z"),
            Import("crate::x", ("v",)),
        ],
    ),
    ("rust", "pub use super::q::*;\nuse std::io;\n", [Import("super::q"), Import("std", ("io",))]),
    (
        "go",
        'package p\nimport (\n\t"fmt"\n\tq "m.com/x/y"\n)\n',
        [Import(SAME_FOLDER), Import("fmt"), Import("m.com/x/y")],
    ),
    ("c", '#include "a/x.h"\n#include <stdio.h>\n', [Import("a/x.h")]),
    ("cpp", '#ifndef A\n#define A\n#include "x.hpp"\n#endif\n', [Import("x.hpp")]),
    (
        "java",
        "import a.c.D;\nimport static a.c.E.f;\nimport a.x.*;\nclass A {}\n",
        [Import(SAME_FOLDER), Import("a.c.D"), Import("a.c.E"), Import("a.x")],
    ),
    ("csharp", "using A.B;\nclass C {}\n", [Import(SAME_FOLDER)]),
    ("ruby", "require_relative 'a/b'\nrequire 'c'\nputs 'd'\n", [Import("./a/b"), Import("c")]),
    (
        "php",
        "<?php\nrequire __DIR__ . '/x.php';\ninclude_once 'y/z.php';\n",
        [Import("./x.php"), Import("./y/z.php")],
    ),
    ("lua", "local a = require('x.y')\nlocal b = require \"z\"\n", [Import("x.y"), Import("z")]),
    ("shellscript", 'source ./a.sh\n. "$DIR/b.sh"\necho c.sh\n', [Import("./a.sh"), Import("./b.sh")]),
    ("json", '{"import": "a"}\n', []),
]


@pytest.mark.parametrize(("language", "text", "expected"), CASES)
def test_imports(language: str, text: str, expected: list[Import]) -> None:
    syntax = parse(text, language_by_id(language))
    assert syntax is not None
    assert list(imports(syntax)) == expected


@pytest.mark.parametrize("language", ["python", "typescript", "rust", "go", "c", "java", "ruby", "lua"])
@pytest.mark.parametrize(
    "text", ["", "import", "from . import", "use a::{", "import {", "#include", "require"]
)
def test_broken_ones_do_no_harm(language: str, text: str) -> None:
    syntax = parse(text, language_by_id(language))
    assert syntax is not None
    assert all(isinstance(found.module, str) for found in imports(syntax))


@pytest.mark.parametrize(
    "rest", ["x = (\n", "def f(:\n  y = [\n", "class A:\n  def m(self):\n    return {\n"]
)
def test_a_half_written_line_hides_no_imports(rest: str) -> None:
    syntax = parse("from a import b\nimport c\n\n" + rest, language_by_id("python"))
    assert syntax is not None
    assert syntax.root.has_error
    assert imports(syntax) == (Import("a", ("b",)), Import("c"))
