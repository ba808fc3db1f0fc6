"""Holes and trimming on code that is broken at random: no crash, nothing outside the text."""

from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from lsp_server.actions import offers
from lsp_server.conversion import protocol_range
from lsp_server.holes import hole_at, statement_span
from lsp_server.languages import language_by_id, supported
from lsp_server.open_document import OpenDocument
from lsp_server.syntax import parse
from lsp_server.trimming import Place, trim
from runtime import MODES, InputError

PIECES = [
    "def f(x):", "class A:", '"""Doc."""', "return x", "if x:", "pass", "@cache", "# note", "lambda: 1",
    "function f(a) {", "const g = (a) => {", "}", "};", "fn f() -> i32 {", "func F() int {", "int f(int a)",
    "{",
    "def m", "end", "local function f()", "<?php", "f() {", "(", ")", "[", "]", "'", '"', "`", "\\", "x = 1;",
    "\n", "\n", "\n", "\r\n", "\r", "\f", "\u2028", "    ", "  ", "\t", "é", "😀", "\ud800",
]  # fmt: skip
CODE = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
LANGUAGES = st.sampled_from([*(language.id for language in supported()), "unknown", ""])


@settings(max_examples=400, deadline=None)
@given(
    CODE, st.integers(0, 200), st.integers(0, 200), LANGUAGES, st.sampled_from([None, *MODES]), st.booleans()
)
def test_holes_lie_in_the_text(
    text: str, one: int, other: int, language: str, mode: str | None, cursor: bool
) -> None:
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    try:
        hole = hole_at(text, start, None if cursor else end, mode, language)  # type: ignore[arg-type]
    except InputError:
        assert mode == "function"
        return
    assert 0 <= hole.start <= hole.end <= len(text)
    if mode != "function":
        # Nothing but blanks is taken that was not asked for.
        asked = (start, start if cursor else end)
        assert not text[hole.start : asked[0]].strip()
        assert not text[asked[1] : hole.end].strip()
    first, last = statement_span(text, start, language)
    assert 0 <= first <= last <= len(text)


@settings(max_examples=300, deadline=None)
@given(
    CODE,
    CODE,
    CODE,
    LANGUAGES,
    st.sampled_from(MODES),
    st.sampled_from(["  ", "    ", "\t"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_trimming_takes_any_text(
    prefix: str, text: str, suffix: str, language: str, mode: str, unit: str, eol: str
) -> None:
    place = Place(
        prefix=prefix, suffix=suffix, mode=mode, language=language_by_id(language), unit=unit, eol=eol
    )  # type: ignore[arg-type]
    shown = trim(text, place)
    assert shown == "" or shown.strip()
    if mode == "line":
        assert "\n" not in shown
    if eol == "\r\n":
        assert shown.count("\n") == shown.count("\r\n")


@settings(max_examples=150, deadline=None)
@given(CODE, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30), CODE), max_size=6), LANGUAGES)
def test_the_incremental_tree_is_the_whole_parse(
    text: str, edits: list[tuple[int, int, str]], language: str
) -> None:
    document = OpenDocument("u", text, language=language)
    for at, length, new_text in edits:
        document.syntax()
        start = min(at, len(document.text))
        span = document.range_of(start, min(len(document.text), start + length))
        document.change(new_text, span)
    tree, whole = document.syntax(), parse(document.text, language_by_id(language))
    assert (tree is None) == (whole is None)
    if tree is not None and whole is not None and not whole.root.has_error:
        assert str(tree.root) == str(whole.root)
    selection = document.range_of(0, len(document.text))
    problem = types.Diagnostic(range=protocol_range(selection), message="m")
    offers(document, selection, [problem], chat=True)
