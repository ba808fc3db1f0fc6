"""A function's body filled, from the hole to the text put in: what stands around the body stays as it was."""

import pytest

from lsp_server import indentation
from lsp_server.fill_requests import request_for
from lsp_server.languages import language_by_id
from lsp_server.trimming import Place, trim


def filled(language: str, marked: str, answer: str, eol: str = "\n") -> str:
    """The text after a fill at `|` to which the model answered `answer`."""
    marked = marked.replace("\n", eol)
    text = marked.replace("|", "", 1)
    hole, request = request_for(text, marked.index("|"), None, "function", language)
    place = Place(
        prefix=request.prefix,
        suffix=request.suffix,
        mode="function",
        language=language_by_id(language),
        unit=indentation.unit(text),
        eol=eol,
    )
    return text[: hole.start] + trim(answer, place) + text[hole.end :]


APART = [
    # two lines between the functions of a file
    (
        "python",
        'def f(x):\n    """Doc."""|\n\n\ndef g():\n    pass\n',
        'def f(x):\n    """Doc."""\n    return x\n\n\ndef g():\n    pass\n',
    ),
    (
        "python",
        'def f(x):\n    """Doc.\n\n    |More.\n    """\n\n\nx = 1\n',
        'def f(x):\n    """Doc.\n\n    More.\n    """\n    return x\n\n\nx = 1\n',
    ),
    (
        "python",
        'async def f(x):|\n    """Doc."""\n\n\n@cache\ndef g():\n    pass\n',
        'async def f(x):\n    """Doc."""\n    return x\n\n\n@cache\ndef g():\n    pass\n',
    ),
    ("python", "def f(x):|\n\n\nprint(f)\n", "def f(x):\n    return x\n\n\nprint(f)\n"),
    # the cursor on one of them says nothing else
    (
        "python",
        'def f(x):\n    """Doc."""\n|\n\ndef g():\n    pass\n',
        'def f(x):\n    """Doc."""\n    return x\n\n\ndef g():\n    pass\n',
    ),
    # one between the methods of a class, and between inner functions
    (
        "python",
        'class A:\n    def f(x):\n        """Doc."""|\n\n    def g():\n        pass\n',
        'class A:\n    def f(x):\n        """Doc."""\n        return x\n\n    def g():\n        pass\n',
    ),
    (
        "python",
        'class A:\n    def f(x):\n        """Doc."""|\n\n\nclass B:\n    pass\n',
        'class A:\n    def f(x):\n        """Doc."""\n        return x\n\n\nclass B:\n    pass\n',
    ),
    (
        "python",
        'def o():\n    def f(x):\n        """Doc."""|\n\n    return f\n',
        'def o():\n    def f(x):\n        """Doc."""\n        return x\n\n    return f\n',
    ),
    # no blank line at all
    ("python", "def f(x):|\ndef g():\n    pass\n", "def f(x):\n    return x\ndef g():\n    pass\n"),
    # a line that is there for the body is taken
    (
        "python",
        'def f(x):|\n    """Doc."""\n    \n\n\ndef g():\n    pass\n',
        'def f(x):\n    """Doc."""\n    return x\n\n\ndef g():\n    pass\n',
    ),
    (
        "python",
        "def f(x):|\n\n\n\ndef g():\n    pass\n",
        "def f(x):\n    return x\n\n\ndef g():\n    pass\n",
    ),
    ("python", 'def f(x):\n    """Doc."""|\n', 'def f(x):\n    """Doc."""\n    return x'),
    ("python", 'def f(x):\n    """Doc."""|', 'def f(x):\n    """Doc."""\n    return x'),
    # a language without a grammar, and a grammar that can't make sense of the text
    ("nim", "def f(x):|\n\n\nx = 1\n", "def f(x):\n    return x\n\n\nx = 1\n"),
    (
        "python",
        'def f(x:\n    """Doc."""|\n\n\ndef g():\n    pass\n',
        'def f(x:\n    """Doc."""\n    return x\n\n\ndef g():\n    pass\n',
    ),
    (
        "javascript",
        "function f(x) {|\n\nfunction g() {\n}\n",
        "function f(x) {\n    return x\n\nfunction g() {\n}\n",
    ),
    ("go", "func f(x int) {|\n\nfunc g() {\n}\n", "func f(x int) {\n    return x\n\nfunc g() {\n}\n"),
    # brackets and closing words: what is between two functions stays
    ("javascript", "function f(x) {|\n}\n\ng();\n", "function f(x) {\n    return x\n}\n\ng();\n"),
    ("javascript", "function f(x) {|\n\n}\n\ng();\n", "function f(x) {\n    return x\n}\n\ng();\n"),
    ("rust", "fn f() {|\n}\n\nfn g() {}\n", "fn f() {\n    return x\n}\n\nfn g() {}\n"),
    ("c", "int f(int x)\n{|\n}\n\nint g;\n", "int f(int x)\n{\n    return x\n}\n\nint g;\n"),
    (
        "java",
        "class A {\n    int f() {|\n    }\n\n    int g;\n}\n",
        "class A {\n    int f() {\n        return x\n    }\n\n    int g;\n}\n",
    ),
    (
        "csharp",
        "class A\n{\n    int F()\n    {|\n    }\n\n    int g;\n}\n",
        "class A\n{\n    int F()\n    {\n        return x\n    }\n\n    int g;\n}\n",
    ),
    ("php", "<?php\nfunction f() {|\n}\n\ng();\n", "<?php\nfunction f() {\n    return x\n}\n\ng();\n"),
    ("shellscript", "f() {|\n}\n\ng\n", "f() {\n    return x\n}\n\ng\n"),
    ("ruby", "def f(x)|\nend\n\ng\n", "def f(x)\n    return x\nend\n\ng\n"),
    ("ruby", "def f(x)|\n\nend\n\ng\n", "def f(x)\n    return x\nend\n\ng\n"),
    (
        "ruby",
        "class A\n  def f(x)|\n  end\n\n  def g\n  end\nend\n",
        "class A\n  def f(x)\n    return x\n  end\n\n  def g\n  end\nend\n",
    ),
    ("lua", "local function f(x)|\nend\n\ng()\n", "local function f(x)\n    return x\nend\n\ng()\n"),
    ("lua", "M.f = function(x)|\n\nend\n\ng()\n", "M.f = function(x)\n    return x\nend\n\ng()\n"),
]

ANSWERS = ["return x", "    return x", "\n    return x", "return x\n", "\n    return x\n\n\n"]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize(("language", "marked", "expected"), APART)
def test_what_keeps_functions_apart_stays(language: str, marked: str, expected: str, answer: str) -> None:
    assert filled(language, marked, answer) == expected


def test_with_the_files_own_line_breaks() -> None:
    marked, expected = (
        'def f(x):\n    """Doc."""|\n\n\nx = 1\n',
        'def f(x):\n    """Doc."""\n    return x\n\n\nx = 1\n',
    )
    assert filled("python", marked, "return x", "\r\n") == expected.replace("\n", "\r\n")


@pytest.mark.parametrize("language", ["python", "ruby", "lua", "javascript"])
def test_several_lines_keep_their_shape(language: str) -> None:
    marked, end = {
        "python": ('def f(x):\n    """Doc."""|\n\n\ng\n', "\n\n\ng\n"),
        "ruby": ("def f(x)|\nend\n", "\nend\n"),
        "lua": ("function f(x)|\nend\n", "\nend\n"),
        "javascript": ("function f(x) {|\n}\n", "\n}\n"),
    }[language]
    body = "\n    if x:\n        a(x)\n    return b"
    assert filled(language, marked, "if x:\n    a(x)\nreturn b").endswith(body + end)
    assert filled(language, marked, body).endswith(body + end)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (" return x ", "const f = (x: T) => { return x };\n\nif (g) {\n  g();\n}\n"),
        ("\n  return x\n", "const f = (x: T) => {\n  return x\n};\n\nif (g) {\n  g();\n}\n"),
        ("\n  return x\n};", "const f = (x: T) => {\n  return x\n};\n\nif (g) {\n  g();\n}\n"),
    ],
)
def test_between_two_brackets_of_a_line(answer: str, expected: str) -> None:
    assert filled("typescript", "const f = (x: T) => {|};\n\nif (g) {\n  g();\n}\n", answer) == expected


def test_a_parameter_list_of_several_lines() -> None:
    marked = 'def f(a: "int",\n      b=(1)):|\n\n\ng()\n'
    assert filled("python", marked, "return a") == marked.replace("|", "\n    return a")
