"""The parts of the syntax constraint, each on its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.canvas import Canvas
from runtime.constraints.brackets import bridges, unpaired
from runtime.constraints.closing import Closing
from runtime.constraints.continuations import continuations
from runtime.constraints.indentation import scan
from runtime.constraints.viability import PrefixParser
from runtime.constraints.well_formed import WellFormed
from runtime.constraints.window import window
from runtime.grammars import GRAMMAR_IDS, load_grammar
from tests.runtime.test_well_formed import END, SOURCES, TOKENIZER

GAP = 1
BYTES = {
    TOKENIZER.token_bytes(token)[0]: token
    for token in range(2, 400)
    if len(TOKENIZER.token_bytes(token)) == 1
}

PARSERS = {language: PrefixParser(language) for language in SOURCES}


@pytest.mark.parametrize("language", SOURCES)
def test_every_beginning_of_a_sound_text_is_viable(language: str) -> None:
    text, parser = SOURCES[language].encode(), PARSERS[language]
    assert parser.is_whole(text)
    old = parser.parse(text[:40])
    for end in range(41, len(text) + 1):
        assert parser.viable(text[:end], end - 1, old), text[max(0, end - 40) : end]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "x = (1]"),
        ("python", "foo bar"),
        ("python", "x = 1\nreturn def "),
        ("typescript", "const x = [1, 2}"),
        ("typescript", "const x = = "),
        ("rust", "fn f() { a b "),
        ("rust", "pub struct A { a: u8 )"),
    ],
)
def test_a_text_past_help_is_known_at_once(language: str, text: str) -> None:
    assert not PARSERS[language].viable(text.encode())


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "x = '''what ( ever ]"),
        ("python", "# ) def ("),
        ("python", "x = [a f"),
        ("python", "x = f'{a"),
        ("typescript", "/* ) ] "),
        ("typescript", "const x = `${a} ) "),
        ("typescript", "let x = a /"),
        ("rust", "/* /* ) */ ]"),
        ("rust", 'let x = r#"a " ) '),
        ("rust", "let c = '"),
        ("rust", "pub(cr"),
        ("rust", "fn f(x: *mu"),
    ],
)
def test_what_may_not_be_finished_is_given_time(language: str, text: str) -> None:
    assert PARSERS[language].viable(text.encode())


@settings(max_examples=100, deadline=None)
@given(language=st.sampled_from(sorted(SOURCES)), data=st.data())
def test_what_is_reused_rejects_nothing_that_a_fresh_parse_takes(language: str, data: st.DataObject) -> None:
    source, parser = SOURCES[language].encode(), PARSERS[language]
    known = data.draw(st.integers(1, len(source)))
    more = data.draw(st.text(alphabet="ab1 (){}[];:,.='\"\n", max_size=8)).encode()
    text = source[:known] + more
    if parser.viable(text):
        assert parser.viable(text, known, parser.parse(source[:known]))


def test_a_tree_that_was_repaired_is_not_believed_when_it_rejects() -> None:
    """The repaired end of this text has a string that the longer text has not."""
    source, parser = SOURCES["python"].encode(), PARSERS["python"]
    known = source.index(b"of charge") + 4
    text = source[:known] + b"b[}("
    assert parser.viable(text, known, parser.parse(source[:known]))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("if a:\nb\n", "b"),
        ("a\n    b\n", "b"),
        ("if a:\n    b\n  c\n", "c"),
        ("def f(\n  a\n):\npass\n", "pass"),
        ("if a:  # why\n# no\nb", "b"),
        ('x = """\n  a\n"""\n  b\n', "b"),
        ("x = f'{a:>{b}}'\n  c\n", "c"),
    ],
)
def test_a_line_that_cannot_stand_there_is_found(text: str, line: str) -> None:
    fault = scan(text.encode()).fault
    assert fault is not None
    assert text[fault:].startswith(line)


@pytest.mark.parametrize(
    "text",
    [
        SOURCES["python"],
        "    a\n    if b:\n        c\nd\n",
        "x = (\n        1,\n  2)\ny\n",
        "a = 1 + \\\n        2\nb\n",
        "s = f'{x[\"a\"]!r:>{w}}'\nb\n",
        "if a:\n\tb\nc\n",
        'def f():\n    """\nleft\n"""\n    a\n',
    ],
)
def test_lines_that_stand_well_are_left_alone(text: str) -> None:
    assert scan(text.encode()).fault is None


@given(end=st.integers(0, len(SOURCES["python"])), more=st.text(alphabet="ab:# \n('\"", max_size=12))
def test_a_scan_goes_on_where_it_stopped(end: int, more: str) -> None:
    first = SOURCES["python"].encode()[:end]
    text = first + more.encode()
    assert scan(text, scan(first).place) == scan(text)


class TestWindow:
    def test_it_begins_behind_what_is_broken(self) -> None:
        prefix = b"def broken(:\n    )\n\n\ndef f(a):\n    return "
        found = window(prefix, "python", PARSERS["python"])
        assert found is not None
        assert found.text == b"def f(a):\n    return "
        assert not found.nested

    def test_a_prefix_cut_out_of_a_class_is_looked_at(self) -> None:
        prefix = b"    return 1;\n  }\n\n  async add(a: number) {\n    const x = "
        found = window(prefix, "typescript", PARSERS["typescript"])
        assert found is not None
        assert found.nested
        assert b"async add" in found.text

    def test_nothing_is_said_behind_a_fault_that_the_hole_is_in(self) -> None:
        assert window(b"x = (1]\n + ", "python", PARSERS["python"]) is None


class TestBridges:
    def bridges(self, before: str, behind: str) -> list[tuple[str, str, str]]:
        parser = PARSERS["typescript"]
        sides = [unpaired(parser.parse(side.encode()).tree) for side in (before, behind)]
        found = bridges(sides[0], sides[1], before.count("\n"), 0)
        return [(way.close, way.open, way.rest) for way in found]

    def test_a_bracket_of_the_same_line_is_closed(self) -> None:
        assert self.bridges("f(a, [b", ";\n")[0] == ("])", "", "")

    def test_a_bracket_that_the_line_below_closes_is_opened(self) -> None:
        assert self.bridges("if (x)", "\n  a;\n}\n") == [("", "{", "")]

    def test_a_bracket_left_open_above_is_not_the_holes_affair(self) -> None:
        assert all(not way[0] for way in self.bridges("f(a,\n  b;\n", "c;\n"))

    def test_a_cut_suffix_may_close_the_innermost(self) -> None:
        assert ("", "", "}") in self.bridges("class A {\n  f() {\n", "\n  }\n")


def _closing(prefix: str, suffix: str, language: str, *, ends_file: bool = False) -> Closing:
    parser = PARSERS[language]
    before = window(prefix.encode(), language, parser)
    assert before is not None
    place = scan(before.text).place if language == "python" else None
    return Closing(before, suffix.encode(), parser, place, ends_file=ends_file)


def test_a_fault_behind_the_hole_is_not_held_against_it() -> None:
    judge = _closing("def f():\n    ", "\n    b = 2\n    return (1]\n\n\ndef g():\n    pass\n", "python")
    assert judge.admits(b"a = 1")
    assert not judge.admits(b"a = (1")


def test_a_bracket_left_open_is_a_fault_where_nothing_can_be_open() -> None:
    judge = _closing("fn f() {\n    ", "\n    g();\n}\n\nfn g() {}\n", "rust")
    assert judge.admits(b"if a { b() }")
    assert not judge.admits(b"if a { b()")


def test_the_end_of_a_suffix_counts_where_it_is_the_files() -> None:
    assert _closing("x = ", "", "python").admits(b"f(1")
    assert not _closing("x = ", "", "python", ends_file=True).admits(b"f(1")


def test_a_comment_that_swallows_the_suffix_asks_nothing() -> None:
    judge = _closing("/* about\n * this\n", "\nconst a = = 1;\nf();\n", "typescript")
    assert judge.admits(b" */")


class TestJudging:
    """The rules by which the whole constraint asks its parts."""

    def judge(self, prefix: str, suffix: str, **options: bool) -> WellFormed:
        return WellFormed(
            prefix,
            suffix,
            "python",
            TOKENIZER,
            frozenset({END}),
            gaps=frozenset({GAP}),
            budget_ms=1e6,
            **options,
        )

    def test_tokens_between_gaps_are_taken_whatever_they_are(self) -> None:
        canvas = Canvas(4)
        assert self.judge("x = ", "\n").admits(canvas, 2, TOKENIZER.encode(")")[0])

    def test_a_draft_is_a_gap(self) -> None:
        canvas = Canvas(2)
        canvas.draft(0, TOKENIZER.encode("(")[0])
        assert self.judge("x = ", "\n").admits(canvas, 1, TOKENIZER.encode(")")[0])

    def test_a_token_that_becomes_slots_again_is_a_gap(self) -> None:
        canvas = Canvas(2)
        judge = self.judge("x = ", "\n")
        assert judge.admits(canvas, 0, GAP)
        canvas.commit(0, GAP, -0.1)
        assert judge.admits(canvas, 1, TOKENIZER.encode(")")[0])
        canvas.commit(0, END, -0.1)
        assert not judge.admits(canvas, 1, TOKENIZER.encode(")")[0])

    @pytest.mark.parametrize("open_end", [False, True])
    def test_a_canvas_that_may_grow_is_not_closed(self, open_end: bool) -> None:
        canvas = Canvas(2)
        name, bracket = TOKENIZER.encode("f(")
        canvas.commit(0, name, -0.1)
        suffix = "\ny = 1\n\n\ndef g():\n    pass\n"
        assert self.judge("x = ", suffix, open_end=open_end).admits(canvas, 1, bracket) is open_end

    def test_bytes_that_are_no_character_are_rejected_even_between_gaps(self) -> None:
        lead, rest = BYTES[0xC3], BYTES[0xA9]
        judge = self.judge("x = '", "'\n")
        canvas = Canvas(4)
        canvas.commit(1, lead, -0.1)
        assert judge.admits(canvas, 2, rest)
        assert not judge.admits(canvas, 2, TOKENIZER.encode("a")[0])
        assert judge.admits(Canvas(4), 2, rest), "the gap before may begin the character"
        full = Canvas(1)
        assert not judge.admits(full, 0, lead), "the suffix can't end it"

    def test_half_a_character_is_no_error_of_the_text(self) -> None:
        canvas = Canvas(2)
        assert self.judge("x = ", "\n").admits(canvas, 0, BYTES[0xC3]), "as in a name: é"

    def test_nothing_is_held_against_a_token_once_all_is_lost(self) -> None:
        canvas = Canvas(3)
        for slot, text in enumerate((")", "a")):
            canvas.commit(slot, TOKENIZER.encode(text)[0], -0.1)
        assert self.judge("x = ", "\n").admits(canvas, 2, TOKENIZER.encode("]")[0])


def test_tokens_are_offered_all_they_can_become() -> None:
    assert continuations(b")", "python") == (b" ",)
    assert b"or " in continuations(b"f", "python")
    assert b"/ a\n" in continuations(b"/", "typescript")


@pytest.mark.parametrize("language", GRAMMAR_IDS)
def test_every_grammar_loads_once(language: str) -> None:
    assert load_grammar(language) is not None
    assert load_grammar(language) is load_grammar(language)


def test_a_language_without_grammar() -> None:
    assert load_grammar("cobol") is None
