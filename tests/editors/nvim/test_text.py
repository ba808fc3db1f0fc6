"""What is accepted lands where it was shown, and a written file has the bytes that belong there."""

import pytest
from user import User

BODY = "# engine: say if a:\\n    return b\\nreturn a{eol}def pick(a, b):{eol}"
WIDE = "name = '漢字😀é' + "
"""Characters of two columns, of two UTF-16 units, and of two UTF-8 bytes."""
FAMILY = "\U0001f468‍\U0001f469‍\U0001f467"
"""One emoji of five characters."""


@pytest.mark.parametrize("eol", ["\n", "\r\n"], ids=["unix", "dos"])
def test_line_breaks_are_those_of_the_file(user: User, eol: str) -> None:
    before = BODY.format(eol=eol)
    path = user.open(before.encode())
    user.type("Go")
    user.sees_ghost("if a:", "return b", "return a")
    user.type("<M-l>")
    user.event("SpanfillAccepted")
    user.leaves_insert_mode()
    user.command("write")
    body = ["    if a:", "        return b", "    return a", ""]
    assert path.read_bytes() == (before + eol.join(body)).encode()


def test_tabs_stay_tabs(user: User) -> None:
    before = "# engine: say \\tif a:\\n\\t\\treturn b\\n\\treturn a\ndef pick(a, b):\n\tx = 1\n"
    path = user.open(before)
    user.command("setlocal noexpandtab tabstop=8 shiftwidth=8")
    user.type("Go")
    user.sees_ghost("if a:", "return b", "return a")
    rows = [row for row in user.screen.lines() if "return b" in row and "engine" not in row]
    assert rows[0].index("return b") - 4 == 16  # behind the line numbers
    user.type("<M-l>")
    user.event("SpanfillAccepted")
    user.leaves_insert_mode()
    user.command("write")
    assert path.read_text() == before + "\tif a:\n\t\treturn b\n\treturn a\n"


def test_behind_wide_characters(user: User) -> None:
    path = user.open(f"# engine: say other\n{WIDE}\n")
    user.type("GA")
    user.sees_ghost("other")
    [row] = [line for line in user.screen.lines() if "漢" in line]
    assert row.endswith(WIDE + "other")
    user.type("<M-l>")
    user.event("SpanfillAccepted")
    user.leaves_insert_mode()
    user.command("write")
    assert path.read_text().splitlines()[1] == WIDE + "other"


def test_between_wide_characters(user: User) -> None:
    path = user.open(f"# engine: say value\ncall('{FAMILY}', ) + '漢'\n")
    user.type("G0f)i")
    user.event("SpanfillShown")
    user.type("<M-l>")
    user.event("SpanfillAccepted")
    user.leaves_insert_mode()
    user.command("write")
    assert path.read_text().splitlines()[1] == f"call('{FAMILY}', value) + '漢'"


def test_a_suggestion_of_wide_characters_is_taken_by_the_word(user: User) -> None:
    path = user.open("# engine: say '\\u6f22\\u5b57' + '\\U0001f600'\nx = 1\n")
    user.type("Goy = ")
    user.sees_ghost("'漢字' + '😀'")
    user.type("'")
    user.sees_ghost("漢字' + '😀'")
    user.type("<M-w>")
    user.event("SpanfillAccepted", what="word")
    user.sees_ghost("' + '😀'")
    user.type("<M-l>")
    user.event("SpanfillAccepted", what="all")
    user.leaves_insert_mode()
    user.command("write")
    assert path.read_text().splitlines()[2] == "y = '漢字' + '😀'"
