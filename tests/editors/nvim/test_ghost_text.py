"""Ghost text: it appears, follows the typing, is taken whole or in part, and goes."""

from user import User

ADD = "# engine: say return a + b\ndef add(a, b):\n"
SEVERAL = "# engine: several first()/second()/third()\nx = 1\n"
LINES = "# engine: say if a:\\n    return b\\nreturn a\ndef pick(a, b):\n"


def suggested(user: User, content: str, *rows: str, keys: str = "Go") -> None:
    """A file with ghost text on a new last line."""
    user.open(content)
    user.type(keys)
    user.sees_ghost(*rows)


def test_a_suggestion_is_shown_and_taken(user: User) -> None:
    suggested(user, ADD, "return a + b")
    assert user.buffer[-1].strip() == ""
    assert user.marks("spanfill.ghost")
    assert user.event("SpanfillShown")["text"] == "return a + b"
    user.type("<M-l>")
    assert user.event("SpanfillAccepted", what="all")["text"] == "return a + b"
    assert user.buffer == [*ADD.splitlines(), "    return a + b"]
    user.sees_no_ghost()
    user.leaves_insert_mode()
    assert user.request("nvim_win_get_cursor", 0) == [3, len("    return a + b") - 1]


def test_the_server_learns_what_became_of_it(user: User) -> None:
    user.open(ADD)
    before = user.stats()
    user.type("Go")
    user.sees_ghost("return a + b")
    user.type("<M-l>")
    user.event("SpanfillAccepted")
    after = user.stats()
    assert after["shown"] == before["shown"] + 1
    assert after["accepted"] == before["accepted"] + 1


def test_word_by_word(user: User) -> None:
    suggested(user, ADD, "return a + b")
    user.type("<M-w>")
    user.event("SpanfillAccepted", what="word")
    assert user.buffer[-1] == "    return"
    user.sees_ghost("a + b")
    user.type("<M-w>")
    user.event("SpanfillAccepted", what="word")
    assert user.buffer[-1] == "    return a"
    user.sees_ghost("+ b")
    assert user.asked_for_suggestions == 1


def test_line_by_line(user: User) -> None:
    suggested(user, LINES, "if a:", "return b", "return a")
    user.type("<M-j>")
    user.event("SpanfillAccepted", what="line")
    assert user.buffer[2:] == ["    if a:"]
    user.sees_ghost("return b", "return a")
    user.type("<M-j>")
    user.event("SpanfillAccepted", what="line")
    assert user.buffer[2:] == ["    if a:", "        return b"]
    user.sees_ghost("return a")
    user.type("<M-j>")
    user.event("SpanfillAccepted", what="line")
    assert user.buffer[2:] == ["    if a:", "        return b", "    return a"]
    user.sees_no_ghost()


def test_going_through_the_suggestions(user: User) -> None:
    suggested(user, SEVERAL, "value")  # what comes unasked is one alone
    user.type("<M-i>")
    user.until("three suggestions", lambda: (user.ghost or {}).get("count") == 3)
    ring = []
    for _ in range(3):
        ring.append((user.ghost or {})["text"])
        user.sees_ghost(ring[-1])
        user.type("<M-n>")
        user.until("the next one", lambda: (user.ghost or {})["text"] != ring[-1])
    assert len(set(ring)) == 3
    user.sees_ghost(ring[0])
    user.type("<M-p>")
    user.sees_ghost(ring[2])
    assert "3/3" in user.screen.drawn_in("SpanfillHint")[0]
    user.type("<M-l>")
    user.event("SpanfillAccepted", text=ring[2])
    assert user.buffer[-1] == ring[2]


def test_typing_along_asks_nobody(user: User) -> None:
    suggested(user, ADD, "return a + b")
    for typed, left in (("re", "turn a + b"), ("turn ", "a + b"), ("a +", "b")):
        user.type(typed)
        user.sees_ghost(left)
    assert user.asked_for_suggestions == 1
    user.type("<M-l>")
    user.event("SpanfillAccepted")
    assert user.buffer[-1] == "    return a + b"


def test_typing_something_else_takes_it_off(user: User) -> None:
    suggested(user, ADD, "return a + b")
    user.event("SpanfillShown")
    user.type("x")
    user.event("SpanfillHidden")
    user.until("x typed", lambda: user.buffer[-1] == "    x")
    user.until("asked again", lambda: user.asked_for_suggestions == 2)


def test_escape_takes_it_off(user: User) -> None:
    suggested(user, ADD, "return a + b")
    user.leaves_insert_mode()
    user.sees_no_ghost()
    assert user.buffer[:2] == ADD.splitlines()
    assert user.buffer[2].strip() == ""


def test_dismissing_leaves_the_mode_and_asks_nobody(user: User) -> None:
    suggested(user, ADD, "return a + b")
    user.type("<M-e>")
    user.sees_no_ghost()
    assert user.mode == "i"
    assert user.asked_for_suggestions == 1


def test_taking_one_is_one_undo(user: User) -> None:
    suggested(user, LINES, "if a:", "return b", "return a")
    user.type("<M-l>")
    user.event("SpanfillAccepted")
    user.leaves_insert_mode()
    assert user.buffer[2:] == ["    if a:", "        return b", "    return a"]
    user.type("u")
    user.until("undone", lambda: len(user.buffer) == 3)
    assert user.buffer[2].strip() == ""


def test_a_key_without_a_suggestion_does_what_it_did(user: User) -> None:
    user.open("x = 1\n")
    user.lua("vim.keymap.set('i', '<M-x>', '<Plug>(spanfill-accept)')")
    user.type("A<M-x>2")
    user.until("typed", lambda: user.buffer[0] == "x = 12")


def test_brackets_that_are_there_are_not_doubled(user: User) -> None:
    user.open("# engine: say a, b)\nadd()\n")
    user.type("G0f(a")
    user.sees_ghost("a, b")
    user.type("<M-l>")
    user.event("SpanfillAccepted")
    assert user.buffer[-1] == "add(a, b)"
