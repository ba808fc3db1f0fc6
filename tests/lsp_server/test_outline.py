"""Heads and first lines of descriptions, per language; no bodies."""

import pytest

from lsp_server.languages import language_by_id, supported
from lsp_server.outline import OutlineMemo, outline
from lsp_server.outline_kinds import kinds_of
from lsp_server.syntax import parse


def texts(language: str, text: str) -> dict[str, str]:
    syntax = parse(text, language_by_id(language))
    assert syntax is not None
    return {definition.name: definition.text for definition in outline(syntax)}


CASES = [
    (
        "python",
        'def f(a, *, b=1) -> int:\n    """Doc.\n\n    More.\n    """\n    return SECRET\n',
        {"f": 'def f(a, *, b=1) -> int:\n    """Doc."""'},
    ),
    ("python", "async def g():\n    return SECRET\n", {"g": "async def g(): ..."}),
    (
        "python",
        "def f(\n    a: int,\n    b: str,\n) -> None:\n    SECRET\n",
        {"f": "def f(a: int, b: str) -> None: ..."},
    ),
    (
        "python",
        '@dataclass(kw_only=True)\nclass A(B):\n    """Doc."""\n\n    x: int = 1\n    y = SECRET\n\n'
        "    def m(self, z):\n        SECRET\n\n    def _p(self):\n        pass\n\n"
        "    @property\n    def q(self): ...\n",
        {
            "A": '@dataclass(kw_only=True)\nclass A(B):\n    """Doc."""\n    x: int = 1\n'
            "    def m(self, z): ...\n    @property\n    def q(self): ..."
        },
    ),
    ("python", "class E(Enum):\n    ONE = 1\n", {"E": "class E(Enum):\n    ONE = 1"}),
    (
        "python",
        "if X:\n    def f(): pass\nelse:\n    def g(): pass\n",
        {"f": "def f(): ...", "g": "def g(): ..."},
    ),
    ("python", "X = 1\nprint(SECRET)\n", {}),
    (
        "javascript",
        "/** Doc. */\nexport function f(a) { return SECRET; }\n",
        {"f": "// Doc.\nfunction f(a);"},
    ),
    ("javascript", "const g = (a) => SECRET;\nconst h = 1;\n", {"g": "const g = (a);"}),
    (
        "javascript",
        "class A extends B {\n  #p = 1;\n  m(a) { SECRET; }\n}\n",
        {"A": "class A extends B {\n  m(a);\n}"},
    ),
    ("typescript", "export interface I {\n  a: string;\n}\n", {"I": "interface I {\n  a: string;\n}"}),
    ("typescript", "export type T = string | number;\n", {"T": "type T = string | number;"}),
    (
        "typescript",
        "class A<T> {\n  x: number = 1;\n  private y = SECRET;\n"
        "  private z() {}\n  m(a: T): U { SECRET; }\n}\n",
        {"A": "class A<T> {\n  x: number = 1;\n  m(a: T): U;\n}"},
    ),
    (
        "typescriptreact",
        "export const App = (p: Props): JSX.Element => <b>SECRET</b>;\n",
        {"App": "const App = (p: Props): JSX.Element;"},
    ),
    (
        "rust",
        "/// Doc.\n/// More.\npub fn f<T>(a: i32) -> T { SECRET }\n",
        {"f": "// Doc.\npub fn f<T>(a: i32) -> T;"},
    ),
    (
        "rust",
        "impl S {\n    pub fn n(&self) -> i32 { SECRET }\n}\n",
        {"S": "impl S {\n  pub fn n(&self) -> i32;\n}"},
    ),
    ("rust", "pub struct P {\n    pub x: i32,\n}\n", {"P": "pub struct P {\n    pub x: i32,\n}"}),
    (
        "go",
        "// F does.\nfunc F(a int) (int, error) { return SECRET }\n",
        {"F": "// F does.\nfunc F(a int) (int, error)"},
    ),
    (
        "go",
        "func (s *S) M(x T) { SECRET }\ntype S struct {\n\ta int\n}\n",
        {"M": "func (s *S) M(x T)", "S": "type S struct {\n\ta int\n}"},
    ),
    ("c", "#ifndef A\n#define A\nint f(int a, char *b);\n#endif\n", {"f": "int f(int a, char *b);"}),
    (
        "c",
        "/* Doc. */\nstatic struct S *g(void)\n{\n  SECRET;\n}\nint x = 1;\n",
        {"g": "// Doc.\nstatic struct S *g(void);"},
    ),
    (
        "c",
        "typedef int (*cb)(int);\nstruct S { int a; };\n",
        {"cb": "typedef int (*cb)(int);", "S": "struct S { int a; };"},
    ),
    (
        "cpp",
        "namespace n {\nclass A : public B {\npublic:\n  A(int x);\n"
        "  int m() const { return SECRET; }\nprivate:\n  int p_;\n};\n}\n",
        {"A": "class A : public B {\n  A(int x);\n  int m() const;\n};"},
    ),
    ("cpp", "int A::q(int z) { SECRET; }\n", {"q": "int A::q(int z);"}),
    (
        "java",
        "/** Doc. */\npublic class A extends B {\n  private int x;\n  public A(int y) { SECRET(); }\n"
        "  private void p() {}\n  public <T> int f(T a) throws E { return SECRET; }\n}\n",
        {
            "A": "// Doc.\npublic class A extends B {\n  public A(int y);\n"
            "  public <T> int f(T a) throws E;\n}"
        },
    ),
    ("java", "record R(int a) {}\n", {"R": "record R(int a);"}),
    (
        "csharp",
        "namespace N {\n  /// <summary>Doc</summary>\n  public class A : B {\n"
        "    public int P { get; set; }\n    public int F<T>(T a) => SECRET;\n  }\n}\n",
        {"A": "// Doc\npublic class A : B {\n  public int P { get; set; }\n  public int F<T>(T a);\n}"},
    ),
    (
        "ruby",
        "module M\n  # Doc.\n  class A < B\n    def initialize(x)\n      SECRET\n    end\n  end\nend\n",
        {"A": "# Doc.\nclass A < B\n  def initialize(x); end\nend"},
    ),
    ("ruby", "def top(a, b = 1)\nend\n", {"top": "def top(a, b = 1); end"}),
    (
        "php",
        "<?php\n/** Doc. */\nfunction f(int $a): int { return SECRET; }\n",
        {"f": "// Doc.\nfunction f(int $a): int;"},
    ),
    (
        "php",
        "<?php\nclass A {\n  private $y;\n  public function m(int $a): string { SECRET; }\n}\n",
        {"A": "class A {\n  public function m(int $a): string;\n}"},
    ),
    ("lua", "-- Doc.\nfunction M.f(a, b)\n  return SECRET\nend\n", {"f": "-- Doc.\nfunction M.f(a, b) end"}),
    ("lua", "M.h = function(y) return SECRET end\nlocal x = 1\n", {"h": "M.h = function(y) end"}),
    ("shellscript", "# Doc.\nf() {\n  echo SECRET\n}\n", {"f": "# Doc.\nf()"}),
    ("json", '{"a": 1}\n', {}),
]


@pytest.mark.parametrize(("language", "text", "expected"), CASES)
def test_definitions(language: str, text: str, expected: dict[str, str]) -> None:
    found = texts(language, text)
    assert found == expected
    assert "SECRET" not in "".join(found.values())


def test_every_language_but_json_has_kinds() -> None:
    without = {language.id for language in supported() if kinds_of(language.id) is None}
    assert without == {"json"}


def test_a_long_type_shows_its_head() -> None:
    text = "export interface I {\n" + "".join(f"  a{n}: string;\n" for n in range(40)) + "}\n"
    assert texts("typescript", text) == {"I": "interface I {"}


def test_a_large_class_shows_its_first_members() -> None:
    text = "class A:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(100))
    assert texts("python", text)["A"].count("\n") == 16


def test_a_comment_further_up_says_nothing_of_it() -> None:
    assert texts("go", "// Licence.\n\nfunc F() {}\n") == {"F": "func F()"}


@pytest.mark.parametrize("language", [language.id for language in supported()])
@pytest.mark.parametrize(
    "text", ["", "def (", "class", "function {", "struct", "fn f(", "}\n)", "\0", "é = 'ü"]
)
def test_broken_code_does_no_harm(language: str, text: str) -> None:
    for name in texts(language, text):
        assert name


@pytest.mark.parametrize(("language", "text", "_"), CASES)
def test_an_outline_after_an_edit_is_that_of_the_text_alone(language: str, text: str, _: object) -> None:
    spec, memo = language_by_id(language), OutlineMemo()
    lines = text.split("\n")
    for number in range(len(lines)):
        edited = "\n".join([*lines[:number], f"{spec.line_comment} note {number}", *lines[number:]])
        syntax = parse(edited, spec)
        assert syntax is not None
        assert outline(syntax, memo) == outline(syntax)


def test_only_what_has_changed_is_looked_at_again() -> None:
    spec, memo = language_by_id("python"), OutlineMemo()
    text = "".join(f"def f{number}(): pass\n\n" for number in range(20))
    looked_at: list[None] = []
    changed = text.replace("f7()", "f7(a)")
    for edited in (text, changed, "import os\n" + changed):
        syntax = parse(edited, spec)
        assert syntax is not None
        outline(syntax, memo, lambda: looked_at.append(None))
    # All of them, the changed one, then the import and the first one, which stands behind something now.
    assert len(looked_at) == 20 + 1 + 2
