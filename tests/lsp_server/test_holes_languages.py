"""Every language: what is masked at each kind of place. `|` is the cursor, « » what is expected."""

import pytest

from lsp_server.holes import hole_at, statement_span
from lsp_server.languages import supported

MODES = {
    "line": "line",
    "call": "line",
    "comment": "line",
    "string": "line",
    "block": "block",
    "blockline": "block",
    "function": "function",
    "function2": "function",
    "head": "function",
}
"""The mode expected at each kind of place."""

CURSORS = [
    ("python", "line", "def f():\n    x = |\n    return x\n"),
    ("python", "call", "f(|)\n"),
    ("python", "block", "if a:|\n"),
    ("python", "blockline", "if a:\n    |\n"),
    ("python", "function", 'def f(x):\n    """Doc."""\n    |\n'),
    ("python", "function2", "def f(x):|\n"),
    ("python", "comment", "# todo|\n"),
    ("python", "string", 's = "a:|"\n'),
    ("javascript", "line", "const x = |\nf();\n"),
    ("javascript", "call", "f(|);\n"),
    ("javascript", "block", "if (a) {|}\n"),
    ("javascript", "blockline", "if (a) {\n  |\n}\n"),
    ("javascript", "function", "function f(a) {\n  |\n}\n"),
    ("javascript", "function2", "const f = (a) => {|};\n"),
    ("javascript", "comment", "// todo {|\n"),
    ("javascript", "string", "s = 'a {|'\n"),
    ("typescript", "line", "const x = |\nf();\n"),
    ("typescript", "call", "f(|);\n"),
    ("typescript", "block", "if (a) {|}\n"),
    ("typescript", "blockline", "if (a) {\n  |\n}\n"),
    ("typescript", "function", "function f(a) {\n  |\n}\n"),
    ("typescript", "function2", "const f = (a) => {|};\n"),
    ("typescript", "comment", "// todo {|\n"),
    ("typescript", "string", "s = 'a {|'\n"),
    ("typescriptreact", "line", "const x = |\nf();\n"),
    ("typescriptreact", "call", "f(|);\n"),
    ("typescriptreact", "block", "if (a) {|}\n"),
    ("typescriptreact", "blockline", "if (a) {\n  |\n}\n"),
    ("typescriptreact", "function", "function f(a) {\n  |\n}\n"),
    ("typescriptreact", "function2", "const f = (a) => {|};\n"),
    ("typescriptreact", "comment", "// todo {|\n"),
    ("typescriptreact", "string", "s = 'a {|'\n"),
    ("javascriptreact", "line", "const x = |\nf();\n"),
    ("javascriptreact", "call", "f(|);\n"),
    ("javascriptreact", "block", "if (a) {|}\n"),
    ("javascriptreact", "blockline", "if (a) {\n  |\n}\n"),
    ("javascriptreact", "function", "function f(a) {\n  |\n}\n"),
    ("javascriptreact", "function2", "const f = (a) => {|};\n"),
    ("javascriptreact", "comment", "// todo {|\n"),
    ("javascriptreact", "string", "s = 'a {|'\n"),
    ("rust", "line", "fn f() {\n    let x = |\n    g();\n}\n"),
    ("rust", "call", "fn f() { g(|); }\n"),
    ("rust", "block", "fn f() {\n    if a {|}\n}\n"),
    ("rust", "blockline", "fn f() {\n    g();\n    if a {\n        |\n    }\n}\n"),
    ("rust", "function", "fn f(a: i32) -> i32 {\n    |\n}\n"),
    ("rust", "function2", "fn f() {|}\n"),
    ("rust", "comment", "// todo {|\n"),
    ("rust", "string", 'fn f() { let s = "a {|"; }\n'),
    ("go", "line", "package p\nfunc f() {\n\tx := |\n\tg()\n}\n"),
    ("go", "call", "package p\nfunc f() { g(|) }\n"),
    ("go", "block", "package p\nfunc f() {\n\tif a {|}\n}\n"),
    ("go", "blockline", "package p\nfunc f() {\n\tg()\n\tif a {\n\t\t|\n\t}\n}\n"),
    ("go", "function", "package p\nfunc F(a int) int {\n\t|\n}\n"),
    ("go", "function2", "package p\nfunc F() {|}\n"),
    ("go", "comment", "package p\n// todo {|\n"),
    ("go", "string", 'package p\nvar s = "a {|"\n'),
    ("c", "line", "int f() {\n  int x = |\n  g();\n}\n"),
    ("c", "call", "int f() { g(|); }\n"),
    ("c", "block", "int f() {\n  if (a) {|}\n}\n"),
    ("c", "blockline", "int f() {\n  g();\n  if (a) {\n    |\n  }\n}\n"),
    ("c", "function", "int f(int a)\n{\n  |\n}\n"),
    ("c", "function2", "int f(void) {|}\n"),
    ("c", "comment", "// todo {|\n"),
    ("c", "string", 'char *s = "a {|";\n'),
    ("cpp", "line", "int f() {\n  int x = |\n  g();\n}\n"),
    ("cpp", "call", "int f() { g(|); }\n"),
    ("cpp", "block", "int f() {\n  if (a) {|}\n}\n"),
    ("cpp", "blockline", "int f() {\n  g();\n  if (a) {\n    |\n  }\n}\n"),
    ("cpp", "function", "int A::f() {\n  |\n}\n"),
    ("cpp", "function2", "int f(void) {|}\n"),
    ("cpp", "comment", "// todo {|\n"),
    ("cpp", "string", 'char *s = "a {|";\n'),
    ("java", "line", "class A { void f() {\n  int x = |\n  g();\n} }\n"),
    ("java", "call", "class A { void f() { g(|); } }\n"),
    ("java", "block", "class A { void f() {\n  if (a) {|}\n} }\n"),
    ("java", "blockline", "class A { void f() {\n  g();\n  if (a) {\n    |\n  }\n} }\n"),
    ("java", "function", "class A {\n  int f(int a) {\n    |\n  }\n}\n"),
    ("java", "function2", "class A {\n  A() {|}\n}\n"),
    ("java", "comment", "// todo {|\n"),
    ("java", "string", 'class A { String s = "a {|"; }\n'),
    ("csharp", "line", "class A { void f() {\n  int x = |\n  g();\n} }\n"),
    ("csharp", "call", "class A { void f() { g(|); } }\n"),
    ("csharp", "block", "class A { void f() {\n  if (a) {|}\n} }\n"),
    ("csharp", "blockline", "class A { void f() {\n  g();\n  if (a) {\n    |\n  }\n} }\n"),
    ("csharp", "function", "class A {\n  int f(int a) {\n    |\n  }\n}\n"),
    ("csharp", "function2", "class A {\n  A() {|}\n}\n"),
    ("csharp", "comment", "// todo {|\n"),
    ("csharp", "string", 'class A { String s = "a {|"; }\n'),
    ("ruby", "line", "def f\n  x = |\n  g\nend\n"),
    ("ruby", "call", "f(|)\n"),
    ("ruby", "block", "xs.each do|\nend\n"),
    ("ruby", "blockline", "if a\n  |\nend\n"),
    ("ruby", "function", "def f(a)\n  |\nend\n"),
    ("ruby", "function2", "def f\n|\nend\n"),
    ("ruby", "head", "def f(a)|\nend\n"),
    ("ruby", "comment", "# todo do|\n"),
    ("ruby", "string", 's = "a do|"\n'),
    ("php", "line", "<?php\nfunction f() {\n  $x = |\n  g();\n}\n"),
    ("php", "call", "<?php g(|);\n"),
    ("php", "block", "<?php\nif ($a) {|}\n"),
    ("php", "blockline", "<?php\nif ($a) {\n  |\n}\n"),
    ("php", "function", "<?php\nfunction f($a) {\n  |\n}\n"),
    ("php", "function2", "<?php\nfunction f() {|}\n"),
    ("php", "comment", "<?php\n// todo {|\n"),
    ("php", "string", "<?php\n$s = 'a {|';\n"),
    ("lua", "line", "function f()\n  local x = |\n  g()\nend\n"),
    ("lua", "call", "g(|)\n"),
    ("lua", "block", "if a then|\nend\n"),
    ("lua", "blockline", "if a then\n  |\nend\n"),
    ("lua", "function", "local function f(a)\n  |\nend\n"),
    ("lua", "function2", "function M.f()\n|\nend\n"),
    ("lua", "head", "function f(a)|\nend\n"),
    ("lua", "comment", "-- todo do|\n"),
    ("lua", "string", 's = "a do|"\n'),
    ("shellscript", "line", "f() {\n  x=|\n  g\n}\n"),
    ("shellscript", "call", 'g "$(h |)"\n'),
    ("shellscript", "block", "if a; then|\nfi\n"),
    ("shellscript", "blockline", "if a; then\n  |\nfi\n"),
    ("shellscript", "function", "f() {\n  |\n}\n"),
    ("shellscript", "function2", "f() {|}\n"),
    ("shellscript", "comment", "# todo do|\n"),
    ("shellscript", "string", 's="a then|"\n'),
    ("json", "line", '{\n  "a": |\n  "b": 1\n}\n'),
    ("json", "call", '{"a": [|]}\n'),
    ("json", "block", "{|}\n"),
    ("json", "blockline", '{\n  "a": [\n    |\n  ]\n}\n'),
    ("json", "string", '{"a": "b: {|"}\n'),
]


@pytest.mark.parametrize(("language", "kind", "marked"), CURSORS)
def test_cursor(language: str, kind: str, marked: str) -> None:
    cursor = marked.index("|")
    assert hole_at(marked.replace("|", "", 1), cursor, language=language).mode == MODES[kind]


STATEMENTS = [
    ("python", "if a:\n    «x = [1,\n      ‸2]»\n    y\n"),
    ("python", "«x = f‸(1)»\ny\n"),
    ("python", "for a in b:\n    «print‸(a)»\n"),
    ("javascript", "if (a) {\n  «x = {\n    b: ‸1 };»\n  y;\n}\n"),
    ("javascript", "«const x = f‸(1);»\ny();\n"),
    ("javascript", "function f() {\n  «return‸ 1;»\n}\n"),
    ("javascript", "switch (a) {\n  case 1:\n    «f‸();»\n    break;\n}\n"),
    ("typescript", "if (a) {\n  «x = {\n    b: ‸1 };»\n  y;\n}\n"),
    ("typescript", "«const x = f‸(1);»\ny();\n"),
    ("typescript", "function f() {\n  «return‸ 1;»\n}\n"),
    ("typescript", "switch (a) {\n  case 1:\n    «f‸();»\n    break;\n}\n"),
    ("typescriptreact", "if (a) {\n  «x = {\n    b: ‸1 };»\n  y;\n}\n"),
    ("typescriptreact", "«const x = f‸(1);»\ny();\n"),
    ("typescriptreact", "function f() {\n  «return‸ 1;»\n}\n"),
    ("typescriptreact", "switch (a) {\n  case 1:\n    «f‸();»\n    break;\n}\n"),
    ("typescriptreact", "function F() {\n  «return <b>‸x</b>;»\n}\n"),
    ("javascriptreact", "if (a) {\n  «x = {\n    b: ‸1 };»\n  y;\n}\n"),
    ("javascriptreact", "«const x = f‸(1);»\ny();\n"),
    ("javascriptreact", "function f() {\n  «return‸ 1;»\n}\n"),
    ("javascriptreact", "switch (a) {\n  case 1:\n    «f‸();»\n    break;\n}\n"),
    ("javascriptreact", "function F() {\n  «return <b>‸x</b>;»\n}\n"),
    ("rust", "fn f() {\n    «let x = g(1,\n        ‸2);»\n    y();\n}\n"),
    ("rust", "fn f() {\n    if a {\n        «g‸();»\n    }\n}\n"),
    ("rust", "fn f() {\n    «g(‸1)»\n}\n"),
    ("go", "package p\nfunc f() {\n\t«x := g(1,\n\t\t‸2)»\n\ty()\n}\n"),
    ("go", "package p\nfunc f() {\n\tif a {\n\t\t«g‸()»\n\t}\n}\n"),
    ("c", "int f() {\n  «int x = g(1,\n    ‸2);»\n  y();\n}\n"),
    ("c", "int f() {\n  if (a) {\n    «g‸();»\n  }\n}\n"),
    ("c", "int f() {\n  switch (a) {\n  case 1:\n    «g‸();»\n    break;\n  }\n}\n"),
    ("cpp", "int f() {\n  «int x = g(1,\n    ‸2);»\n  y();\n}\n"),
    ("cpp", "int f() {\n  if (a) {\n    «g‸();»\n  }\n}\n"),
    ("cpp", "int f() {\n  switch (a) {\n  case 1:\n    «g‸();»\n    break;\n  }\n}\n"),
    ("cpp", "namespace n {\n«int x‸ = 1;»\n}\n"),
    ("java", "class A { void f() {\n  «int x = g(1,\n    ‸2);»\n  y();\n} }\n"),
    ("java", "class A { void f() {\n  if (a) {\n    «g‸();»\n  }\n} }\n"),
    ("java", "class A {\n  «int x‸ = 1;»\n}\n"),
    ("java", "class A { void f() {\n  switch (a) {\n    case 1:\n      «g‸();»\n      break;\n  }\n} }\n"),
    ("csharp", "class A { void f() {\n  «int x = g(1,\n    ‸2);»\n  y();\n} }\n"),
    ("csharp", "class A { void f() {\n  if (a) {\n    «g‸();»\n  }\n} }\n"),
    ("csharp", "class A {\n  «int x‸ = 1;»\n}\n"),
    ("csharp", "class A { void f() {\n  switch (a) {\n    case 1:\n      «g‸();»\n      break;\n  }\n} }\n"),
    ("ruby", "def f\n  «x = g(1,\n    ‸2)»\n  y\nend\n"),
    ("ruby", "if a\n  «g‸(1)»\nend\n"),
    ("ruby", "xs.each do |x|\n  «g‸(x)»\nend\n"),
    ("ruby", "def f\n  case a\n  when 1\n    «g‸(1)»\n  end\nend\n"),
    ("php", "<?php\nfunction f() {\n  «$x = g(1,\n    ‸2);»\n  y();\n}\n"),
    ("php", "<?php\nif ($a) {\n  «g‸();»\n}\n"),
    ("php", "<?php\n«$x‸ = 1;»\n"),
    ("lua", "function f()\n  «local x = g(1,\n    ‸2)»\n  y()\nend\n"),
    ("lua", "if a then\n  «g‸(1)»\nend\n"),
    ("lua", "for i = 1, 2 do\n  «g‸(i)»\nend\n"),
    ("lua", "«x = g‸(1)»\ny()\n"),
    ("shellscript", "f() {\n  «g a‸ b»\n  y\n}\n"),
    ("shellscript", "if a; then\n  «g‸ b»\nfi\n"),
    ("shellscript", "for i in 1 2; do\n  «g‸ $i»\ndone\n"),
    ("shellscript", "«g a ‸b»\n"),
    ("json", '{\n  "a": [1,\n    «‸2»],\n  "b": 1\n}\n'),
    ("json", '{\n  "x": {\n    «"a": ‸1»\n  }\n}\n'),
    ("json", '{\n  «"a"‸: 1»,\n  "b": 2\n}\n'),
]
"""Here ‸ is the cursor: some languages have a use for |."""


@pytest.mark.parametrize(("language", "marked"), STATEMENTS)
def test_statement(language: str, marked: str) -> None:
    cursor = marked.replace("«", "").replace("»", "").index("‸")
    expected = marked.replace("‸", "", 1)
    text = expected.replace("«", "").replace("»", "")
    start, end = statement_span(text, cursor, language)
    assert f"{text[:start]}«{text[start:end]}»{text[end:]}" == expected


@pytest.mark.parametrize("language", [language.id for language in supported()])
def test_a_region_is_what_was_selected(language: str) -> None:
    hole = hole_at("abc\n(def\n", 1, 7, language=language)
    assert (hole.start, hole.end, hole.mode) == (1, 7, "region")


def test_no_language_is_forgotten() -> None:
    every = {language.id for language in supported()}
    assert {language for language, *_ in CURSORS} == every
    assert {language for language, _ in STATEMENTS} == every


UNKNOWN = [
    ("proc f(a: int): int =\n  |\n", "block"),
    ("while true:|\n", "block"),
    ("x = |\n", "line"),
    ("foo bar {|}\n", "block"),
    ("a = 1\n|\nb = 2\n", "block"),
    ("  a = 1\n  |\n  b = 2\n", "line"),
]


@pytest.mark.parametrize("language", ["nim", ""])
@pytest.mark.parametrize(("marked", "mode"), UNKNOWN)
def test_an_unknown_language_goes_by_indentation(language: str, marked: str, mode: str) -> None:
    assert hole_at(marked.replace("|", ""), marked.index("|"), language=language).mode == mode


BROKEN = [
    ("python", "def f(x:\n    |\n", "function"),
    ("python", "class A\n    def f(self):\n        |\n", "function"),
    ("javascript", "function f( {\n  |\n", "function"),
    ("rust", "fn f( -> {\n    x = |\n", "line"),
    ("go", "func {\n\tif a {|\n", "block"),
    ("ruby", "def f(\n  x = |\n", "line"),
]


@pytest.mark.parametrize(("language", "marked", "mode"), BROKEN)
def test_broken_code_goes_by_indentation(language: str, marked: str, mode: str) -> None:
    assert hole_at(marked.replace("|", ""), marked.index("|"), language=language).mode == mode


@pytest.mark.parametrize("head", ["if (a) {", "} else if (a) {", "for (;;) {", "while (x) {", "switch (x) {"])
@pytest.mark.parametrize("language", ["javascript", "typescript", "php", "java", ""])
def test_a_condition_is_no_function(language: str, head: str) -> None:
    text = f"{head}\n  \n}}\n"
    assert hole_at(text, len(head) + 3, language=language).mode == "block"
