"""Each filter's cases; `|` marks the hole in the text around it."""

import pytest

from lsp_server.languages import language_by_id
from lsp_server.trimming import Place, trim


def run(around: str, text: str, mode: str = "block", language: str = "python", **place: str) -> str:
    prefix, suffix = around.split("|")
    return trim(
        text, Place(prefix=prefix, suffix=suffix, mode=mode, language=language_by_id(language), **place)
    )  # type: ignore[arg-type]


CASES = [
    # one line
    ("x = |\n", "1\ny = 2", "line", "python", "1"),
    ("x = 1|\n", "\ny = 2", "line", "python", ""),
    # duplicated closers and quotes
    ("print(|)\n", "a, b)", "line", "python", "a, b"),
    ("print(|)\n", "f(a)", "line", "python", "f(a)"),
    ("print(|)\n", "f(a))", "line", "python", "f(a)"),
    ("d[|]\n", '"k"]', "line", "python", '"k"'),
    ("f([|])\n", "1, 2])", "line", "python", "1, 2"),
    ('s = "|"\n', 'hello"', "line", "python", "hello"),
    ("let x = |;\n", "a + 1;", "line", "javascript", "a + 1"),
    ("f(|, last)\n", "first, last)", "line", "python", "first"),
    ("x = |(2)\n", 'g(")")', "line", "python", 'g(")")'),
    # lines that stand below already
    ("def f(x):\n    |\n    return y\n", "y = x\n    return y", "block", "python", "y = x"),
    ("function f() {\n  |\n}\n", "return 1;\n}", "block", "javascript", "return 1;"),
    ("def f\n  |\nend\n", "1\nend", "block", "ruby", "1"),
    ("    |\n    return y\n", "return y", "block", "python", ""),
    ("a = 1\n|\nb = 2\n", "c = 3\nb = 2\nd = 4\n", "block", "python", "c = 3\nb = 2\nd = 4"),
    # scope
    ("def f(x):\n    |\n", "return x\n\n\ndef g():\n    pass", "block", "python", "return x"),
    ("def f(x):|\n", "\n    return x\nprint(f(1))", "block", "python", "\n    return x"),
    ("if (a) {|\n", "\n  b();\n}\nc();", "block", "javascript", "\n  b();\n}"),
    ("if (a) {|}\n", "\n  b();\n}", "block", "javascript", "\n  b();\n"),
    # loops of the model
    ("|\n", "x = foo(1)\nx = foo(1)\nx = foo(1)\nx = foo(1)", "block", "python", "x = foo(1)"),
    ("|\n", "a1 = b2\nc3 = d4\na1 = b2\nc3 = d4\na1 = b2\nc3 = d4", "block", "python", "a1 = b2\nc3 = d4"),
    ("|\n", "f(0)\nf(0)\n", "block", "python", "f(0)\nf(0)"),
    # function bodies
    ('def f(x):\n    """Doc."""\n|', "    return x\n", "function", "python", "    return x"),
    ('def f(x):\n    """Doc."""\n|', "return x", "function", "python", "    return x"),
    ('def f(x):\n    """Doc."""\n|', "y = x\nreturn y", "function", "python", "    y = x\n    return y"),
    ('def f(x):\n    """Doc."""\n|', "y = x\n    return y", "function", "python", "    y = x\n    return y"),
    ("def f(x):|", "return x", "function", "python", "\n    return x"),
    ("fn f() -> i32 {|}\n", "\n    1\n", "function", "rust", "\n    1\n"),
    ("fn f() -> i32 {|\n}\n", "1", "function", "rust", "\n    1"),
    # blanks
    ("x = |\n", "   \n  ", "block", "python", ""),
    ("x = |\n", "1   ", "line", "python", "1"),
]


@pytest.mark.parametrize(("around", "text", "mode", "language", "expected"), CASES)
def test_trim(around: str, text: str, mode: str, language: str, expected: str) -> None:
    assert run(around, text, mode, language) == expected


def test_indentation_becomes_the_files_own() -> None:
    assert run("if a:\n|\n", "\tb\n\t\tc", unit="  ") == "  b\n    c"
    assert run("if (a) {\n|\n", "    b\n        c", language="c", unit="\t") == "\tb\n\t\tc"


def test_line_breaks_become_the_files_own() -> None:
    assert run("|\r\n", "a\nb\r\nc", eol="\r\n") == "a\r\nb\r\nc"


@pytest.mark.parametrize("mode", ["line", "block", "function", "region"])
def test_nothing_stays_nothing(mode: str) -> None:
    assert run("x|y", "", mode) == ""
