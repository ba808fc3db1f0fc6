"""Each filter's cases; `|` marks the hole in the text around it."""

import pytest

from lsp_server.languages import language_by_id
from lsp_server.trimming import Place, trim


def run(around: str, text: str, mode: str = "block", language: str = "python", **place: str) -> str:
    prefix, suffix = around.rsplit("|", 1)
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
    ("x = foo(|) + 1\n", "a) + 1", "line", "python", "a"),
    ("x = | + 1\n", "y + 1", "line", "python", "y"),
    ("f(g(|))\n", "x)", "line", "python", "x"),
    ("a[|] = 1\n", "i] = 1", "line", "python", "i"),
    ("<b>|</b>\n", "text</b>", "line", "typescriptreact", "text"),
    ("if (|) {\n", "a && b) {", "line", "javascript", "a && b"),
    ("foo({|\n});\n", "\n  a: 1,\n});", "block", "javascript", "\n  a: 1,"),
    # lines that stand below already
    ("a = 1\n|\nb = 2\n", "b = 2", "block", "python", ""),
    ("x = |\n    y = 2\n", "1\n    y = 2", "block", "python", "1"),
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
    ("if (a) {|\n", "\n}\nc();", "block", "javascript", "\n}"),
    ("x = [|\n", "1,\n]\ny = 2", "block", "python", "1,\n]"),
    # another branch belongs to it
    (
        "if (a) {|\n",
        "\n  b();\n} else {\n  c();\n}\nd();",
        "block",
        "javascript",
        "\n  b();\n} else {\n  c();\n}",
    ),
    ("if (a) {|\n", "\n  b();\n}\nelse {\n  c();\n}\nd();", "block", "c", "\n  b();\n}\nelse {\n  c();\n}"),
    ("if a:|\n", "\n    b\nelse:\n    c\nd\n", "block", "python", "\n    b\nelse:\n    c"),
    ("try:|\n", "\n    b\nexcept E:\n    c\ndef f(): ...", "block", "python", "\n    b\nexcept E:\n    c"),
    ("if (a) {|\n", "\n  b();\n}\n  c();", "block", "javascript", "\n  b();\n}"),
    # ... unless it is there
    ("try:|\nexcept E:\n    x\n", "\n    b\nexcept E:\n    c", "block", "python", "\n    b"),
    ("if a:|\nelse:\n    x\n", "\n    b\nelse:\n    c", "block", "python", "\n    b"),
    ("if (a) {|\n} else {\n}\n", "\n  b();\n} else {\n  c();\n}", "block", "javascript", "\n  b();"),
    ("  foo(|\n  )\n", "bar {\n    x\n  }\n  y", "block", "rust", "bar {\n    x\n  }"),
    # closing words of blocks: kept where they are needed, not where they are there
    ("xs.each do |x|\n", "\n  puts x\nend\nfoo", "block", "ruby", "\n  puts x\nend"),
    ("xs.each do\n  |\nend\n", "puts 1\nend", "block", "ruby", "puts 1"),
    ("xs.each do|\nend\n", "\n  puts 1\nend", "block", "ruby", "\n  puts 1"),
    ("  x = |\n", "foo do\n    bar\n  end\n  baz", "block", "ruby", "foo do\n    bar\n  end"),
    ("if a then|\n", "\n  b()\nend\nc()", "block", "lua", "\n  b()\nend"),
    ("if a then|\nend\n", "\n  b()\nend", "block", "lua", "\n  b()"),
    ("if a; then|\n", "\n  echo\nfi\nfoo", "block", "shellscript", "\n  echo\nfi"),
    ("if a; then|\nfi\n", "\n  echo\nfi", "block", "shellscript", "\n  echo"),
    ("for i in a; do\n  |\ndone\n", "echo\ndone", "block", "shellscript", "echo"),
    # loops of the model
    ("|\n", "x = foo(1)\nx = foo(1)\nx = foo(1)\nx = foo(1)", "block", "python", "x = foo(1)"),
    ("|\n", "a1 = b2\nc3 = d4\na1 = b2\nc3 = d4\na1 = b2\nc3 = d4", "block", "python", "a1 = b2\nc3 = d4"),
    ("|\n", "f(0)\nf(0)\n", "block", "python", "f(0)\nf(0)"),
    ("|\n", "}\n}\n}\n}", "block", "javascript", "}\n}\n}\n}"),  # brackets may well follow each other
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
    ("|\n", "\n\n\n", "block", "python", ""),
    ("x = |\n", " \t ", "line", "python", ""),
    ("f(|)\n", "  ", "line", "python", ""),
    # line breaks of other kinds are line breaks
    ("x = |\n", "1\ry = 2", "line", "python", "1"),
    ("|\n", "a = 1\rb = 2\r\nc", "block", "python", "a = 1\nb = 2\nc"),
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
