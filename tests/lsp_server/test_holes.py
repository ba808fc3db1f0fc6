"""Cursors marked with | and expected holes marked with [ and ]."""

import pytest

from lsp_server.holes import hole_at, statement_span
from lsp_server.languages import supported
from lsp_server.syntax import grammar_of
from runtime import InputError

FUNCTIONS = [
    # a signature and a docstring, nothing more
    ("python", 'def f(x):\n    """Doc."""\n|', 'def f(x):\n    """Doc."""\n«»'),
    ("python", 'def f(x):|\n    """Doc."""\n', 'def f(x):\n    """Doc."""\n«»'),
    (
        "python",
        'def f(x):\n    """Doc."""\n    |\n\ndef g():\n    pass\n',
        'def f(x):\n    """Doc."""\n«    »\n\ndef g():\n    pass\n',
    ),
    (
        "python",
        'class A:\n    def f(self):\n        """Doc."""\n        |',
        'class A:\n    def f(self):\n        """Doc."""\n«        »',
    ),
    ("python", "def f(x):|", "def f(x):«»"),
    # a blank line that keeps functions apart is not the body's
    ("python", "def f(x):\n|\ndef g():\n    pass\n", "def f(x):«»\n\ndef g():\n    pass\n"),
    # a body to replace; the docstring, comments and neighbours stay
    (
        "python",
        'def f(x):\n    """Doc."""\n    y = |x\n    return y\n\n\nz = 1\n',
        'def f(x):\n    """Doc."""\n«    y = x\n    return y»\n\n\nz = 1\n',
    ),
    (
        "python",
        "|def f(x):\n    # why\n    return x\n    # end\nz = 1\n",
        "def f(x):\n«    # why\n    return x\n    # end»\nz = 1\n",
    ),
    ("python", "@cache\n|@other\ndef f(x):\n    return x\n", "@cache\n@other\ndef f(x):\n«    return x»\n"),
    (
        "python",
        "def f():\n    def g():\n        return| 1\n    return g\n",
        "def f():\n    def g():\n«        return 1»\n    return g\n",
    ),
    (
        "python",
        "def f():\n    def g():\n        return 1\n    |return g\n",
        "def f():\n«    def g():\n        return 1\n    return g»\n",
    ),
    (
        "python",
        "def f(x):\n    if (x:\n        retu|rn (\n\ndef g():\n    pass\n",
        "def f(x):\n«    if (x:\n        return (»\n\ndef g():\n    pass\n",
    ),
    ("python", "def f(x): return| x\n", "def f(x):« return x»\n"),
    ("javascript", "function f(a) {\n  |return a;\n}\n", "function f(a) {\n«  return a;»\n}\n"),
    ("javascript", "|const f = (a) => {\n  return a;\n};\n", "const f = (a) => {\n«  return a;»\n};\n"),
    (
        "javascript",
        "function f() {\n  x.map((y) => { return y; });|\n}\n",
        "function f() {\n«  x.map((y) => { return y; });»\n}\n",
    ),
    (
        "typescript",
        "class A {\n  f(a: number): number {|}\n}\n",
        "class A {\n  f(a: number): number {«»}\n}\n",
    ),
    (
        "typescriptreact",
        "function F() {\n  return <b>|</b>;\n}\n",
        "function F() {\n«  return <b></b>;»\n}\n",
    ),
    ("rust", "|fn add(a: i32, b: i32) -> i32 {\n}\n", "fn add(a: i32, b: i32) -> i32 {«»\n}\n"),
    ("rust", "fn f() {\n    |\n}\n", "fn f() {\n«    »\n}\n"),
    ("go", "func F(a int) int {\n\treturn| a\n}\n", "func F(a int) int {\n«\treturn a»\n}\n"),
    ("c", "int f(int a)\n{\n  return| a;\n}\n", "int f(int a)\n{\n«  return a;»\n}\n"),
    ("cpp", "int A::f() {\n  return| 1;\n}\n", "int A::f() {\n«  return 1;»\n}\n"),
    (
        "java",
        "class A {\n  int f() {\n    return| 1;\n  }\n}\n",
        "class A {\n  int f() {\n«    return 1;»\n  }\n}\n",
    ),
    (
        "csharp",
        "class A {\n  int F() {\n    return| 1;\n  }\n}\n",
        "class A {\n  int F() {\n«    return 1;»\n  }\n}\n",
    ),
    ("ruby", "def f(x)\n  |x + 1\nend\n", "def f(x)\n«  x + 1»\nend\n"),
    ("ruby", "def f\n  |\nend\n", "def f\n«  »\nend\n"),
    ("php", "<?php\nfunction f($x) {\n  return| $x;\n}\n", "<?php\nfunction f($x) {\n«  return $x;»\n}\n"),
    ("lua", "local function f(x)\n  return| x\nend\n", "local function f(x)\n«  return x»\nend\n"),
    ("shellscript", "f() {\n  echo| hi\n}\n", "f() {\n«  echo hi»\n}\n"),
    # no grammar: indentation
    (
        "nim",
        "proc other() =\n  1\n\ndef f(x):\n  x |+ 1\n\ny\n",
        "proc other() =\n  1\n\ndef f(x):\n«  x + 1»\n\ny\n",
    ),
    # text outside ASCII: the tree's bytes are not offsets
    (
        "python",
        'é = "😀"\ndef f():\n    "ü"\n    return| 1\n',
        'é = "😀"\ndef f():\n    "ü"\n«    return 1»\n',
    ),
]


@pytest.mark.parametrize(("language", "marked", "expected"), FUNCTIONS)
def test_function_body(language: str, marked: str, expected: str) -> None:
    cursor, text = marked.index("|"), marked.replace("|", "", 1)
    hole = hole_at(text, cursor, None, "function", language)
    assert text[: hole.start] + "«" + text[hole.start : hole.end] + "»" + text[hole.end :] == expected


CURSORS = [
    ("python", "def f(x):|\n", "function"),
    ("python", "if x:|\n", "block"),
    ("python", 'def f(x):\n    """Doc."""\n    |\n\n\ndef g():\n    pass\n', "function"),
    ("python", "def f(x):\n    |\n", "function"),
    ("python", "def f(x):\n    y = 1\n    |\n", "block"),
    ("python", "def f(x):\n    a = 1\n    |\n    return a\n", "line"),
    ("python", "def f(x):\n    return |\n", "line"),
    ("python", "print(|)\n", "line"),
    ("python", "x = {|}\n", "block"),
    ("python", "# see:|\n", "line"),
    ("python", 's = "a:|"\n', "line"),
    ("python", "a = b| + c\n", "line"),
    ("javascript", "function f() {|}\n", "function"),
    ("javascript", "function f() {\n  |\n}\n", "function"),
    ("javascript", "if (a) {|}\n", "block"),
    ("ruby", "xs.each do|\nend\n", "block"),
    ("", "anything {|\n", "block"),
    ("", "|", "block"),
]


@pytest.mark.parametrize(("language", "marked", "mode"), CURSORS)
def test_syntax_at_the_cursor_decides_between_line_and_block(language: str, marked: str, mode: str) -> None:
    text, cursor = marked.replace("|", ""), marked.index("|")
    hole = hole_at(text, cursor, language=language)
    assert hole.mode == mode
    line = text[:cursor].rpartition("\n")[2]
    assert hole.start == (cursor if line.strip() else cursor - len(line))


def test_a_cursor_hole_takes_trailing_blanks_and_nothing_else() -> None:
    assert hole_at("x =   \ny", 3, language="python").end == 6
    assert hole_at("f(  )\n", 2, language="python").end == 2


def test_a_selection_is_the_hole() -> None:
    hole = hole_at("abc\ndef\n", 1, 5)
    assert (hole.start, hole.end, hole.mode) == (1, 5, "region")


@pytest.mark.parametrize("span", [(-1, None), (9, None), (3, 2), (0, 10)])
def test_offsets_outside_the_text_are_refused(span: tuple[int, int | None]) -> None:
    with pytest.raises(InputError):
        hole_at("abc\ndef\n", *span)


def test_function_mode_without_a_function_is_refused() -> None:
    with pytest.raises(InputError, match="no function"):
        hole_at("x = 1\n", 2, mode="function", language="python")


@pytest.mark.parametrize(
    ("language", "marked", "statement"),
    [
        ("python", "if a:\n    x = [1,\n      |2]\n", "x = [1,\n      2]"),
        ("javascript", "f();\nconst| x = { a: 1 };\n", "const x = { a: 1 };"),
        ("nim", "  echo |x\n", "echo x"),
    ],
)
def test_statement(language: str, marked: str, statement: str) -> None:
    text = marked.replace("|", "")
    start, end = statement_span(text, marked.index("|"), language)
    assert text[start:end] == statement


@pytest.mark.parametrize("language", supported(), ids=lambda language: language.id)
def test_every_grammar_loads(language) -> None:  # type: ignore[no-untyped-def]
    assert grammar_of(language) is not None
