"""The server's text against a client's: random edits, awkward characters, all encodings."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.documents import Document, difference, line_starts
from lsp_server.positions import Encoding, Position, Range, negotiate, units

ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
ALPHABET = [
    "a",
    " ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\f",
    "\v",
    "\u2028",
    "\u2029",
    "\x85",
    "é",
    "e\u0301",
    "日",
    "😀",
    "👩‍👩‍👧",
]
TEXTS = st.lists(st.sampled_from(ALPHABET), max_size=30).map("".join)


class Client:
    """An editor's model: a text, and positions counted its own way, slowly and directly."""

    def __init__(self, text: str, encoding: Encoding) -> None:
        self.text, self.encoding = text, encoding

    def lines(self) -> list[str]:
        lines, current, index = [], "", 0
        while index < len(self.text):
            char = self.text[index]
            index += 1
            if char == "\r" and self.text[index : index + 1] == "\n":
                index += 1
            if char in "\r\n":
                lines.append(current)
                current = ""
            else:
                current += char
        return [*lines, current]

    def position(self, offset: int) -> Position:
        head = Client(self.text[:offset], self.encoding).lines()
        width = {
            "utf-8": lambda s: len(s.encode()),
            "utf-16": lambda s: len(s.encode("utf-16-le")) // 2,
            "utf-32": len,
        }
        return Position(len(head) - 1, width[self.encoding](head[-1]))


def borders(text: str) -> list[int]:
    """Offsets that a client can name: not between \\r and \\n."""
    return [i for i in range(len(text) + 1) if text[i - 1 : i + 1] != "\r\n" or i == 0]


@settings(max_examples=400, deadline=None)
@given(
    TEXTS,
    st.lists(st.tuples(TEXTS, st.integers(0, 10**6), st.integers(0, 10**6)), max_size=8),
    st.sampled_from(ENCODINGS),
)
def test_edits_keep_the_text_equal_to_the_clients(
    text: str, edits: list[tuple[str, int, int]], encoding: Encoding
) -> None:
    client, document = Client(text, encoding), Document("f", text, encoding=encoding)
    for new_text, one, other in edits:
        places = borders(client.text)
        start, end = sorted((places[one % len(places)], places[other % len(places)]))
        edit = document.apply(Range(client.position(start), client.position(end)), new_text)
        client.text = client.text[:start] + new_text + client.text[end:]
        assert document.text == client.text
        assert (edit.start, edit.old_end, edit.new_end) == (start, end, start + len(new_text))
        assert document._starts == line_starts(client.text)
    assert [document.line_text(line) for line in range(document.line_count)] == client.lines()
    for offset in borders(client.text):
        assert document.position_at(offset) == client.position(offset)
        assert document.offset_at(client.position(offset)) == offset


def test_form_feeds_and_unicode_separators_break_no_line() -> None:
    assert Document("f", "a\fb\vc\u2028d\x85e").line_count == 1
    assert Document("f", "a\rb\nc\r\nd").line_count == 4


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_positions_are_clamped(encoding: Encoding) -> None:
    document = Document("f", "é😀\r\nxy", encoding=encoding)
    assert document.offset_at(Position(0, 99)) == 2
    assert document.offset_at(Position(1, 99)) == 6
    assert document.offset_at(Position(99, 0)) == 6
    assert document.offsets_of(Range(Position(1, 1), Position(0, 0))) == (0, 5)


def test_a_column_inside_a_character_means_its_start() -> None:
    assert Document("f", "a😀b", encoding="utf-16").offset_at(Position(0, 2)) == 1
    assert Document("f", "a😀b", encoding="utf-8").offset_at(Position(0, 3)) == 1


def test_a_lone_surrogate_counts_one_unit() -> None:
    assert units("\ud800", "utf-16") == 1
    assert units("\ud800", "utf-8") == 3


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        ([], "utf-16"),
        (["utf-7"], "utf-16"),
        (["utf-7", "utf-8", "utf-16"], "utf-8"),
        (["utf-32"], "utf-32"),
    ],
)
def test_negotiation(offered: list[str] | None, chosen: str) -> None:
    assert negotiate(offered) == chosen


def test_the_first_line_break_is_the_texts_own() -> None:
    assert Document("f", "a\r\nb\n").eol == "\r\n"
    assert Document("f", "a").eol == "\n"


def test_many_edits_of_a_long_text() -> None:
    rng = random.Random(7)
    document = Document("f", "line of code\r\n" * 2000)
    text = document.text
    for _ in range(300):
        places = borders(text)
        start = places[rng.randrange(len(places))]
        end = min(len(text), start + rng.randrange(40))
        if text[end - 1 : end + 1] == "\r\n":
            end += 1
        new_text = rng.choice(["x", "\n", "\r\n", "", "日😀\r"])
        document.apply(Range(document.position_at(start), document.position_at(end)), new_text)
        text = text[:start] + new_text + text[end:]
        assert document.text == text
    assert document._starts == line_starts(text)


@given(st.text("ab\n😀", max_size=12), st.text("ab\n😀", max_size=12))
def test_the_difference_between_two_texts(before: str, after: str) -> None:
    edit = difference(before, after)
    assert before[: edit.start] + after[edit.start : edit.new_end] + before[edit.old_end :] == after
    changed = before[edit.start : edit.old_end], after[edit.start : edit.new_end]
    assert not all(changed) or (changed[0][0] != changed[1][0] and changed[0][-1] != changed[1][-1])
