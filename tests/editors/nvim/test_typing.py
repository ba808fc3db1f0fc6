"""Typing goes on as if nothing were there: fast, beside completion menus, and measured."""

from collections.abc import Callable

import pytest
from user import Start, User

SLOW = "# engine: slow 1000\n"
"""Each answer takes ten seconds."""
PLAIN = "setlocal noautoindent indentexpr= nocindent"
BOUND_MS = 1.0
"""What a keystroke may cost."""
BUSY_FACTOR = 10
"""How much slower than its median a machine that does other things is allowed to be at its slowest."""


def code_of(length: int) -> str:
    """Lines of code, so long in all, with brackets, quotes and words."""
    line = "value = call(first, 'second', [third]) + 12\n"
    return (line * (length // len(line) + 1))[:length].rstrip()


def test_three_hundred_characters_while_the_model_is_slow(user: User) -> None:
    user.open(SLOW)
    user.command(PLAIN)
    text = code_of(300)
    user.type("o")
    for character in text:
        user.type("<CR>" if character == "\n" else character)
    user.until("all typed", lambda: user.buffer[1:] == text.split("\n"))
    user.sees(text.split("\n")[-1])
    user.sees_no_ghost()
    user.leaves_insert_mode()
    assert user.buffer == [SLOW.rstrip(), *text.split("\n")]
    user.sees_no_ghost()
    assert not user.heard("SpanfillShown")


def test_the_next_suggestion_comes_after_a_burst(user: User) -> None:
    user.open("# engine: say = 1\n")
    user.command(PLAIN)
    user.type("o")
    for character in "some_longer_name":
        user.type(character)
    user.sees_ghost("= 1")
    assert user.asked_for_suggestions < len("some_longer_name")
    user.type("<M-l>")
    user.event("SpanfillAccepted")
    assert user.buffer[-1].replace(" ", "") == "some_longer_name=1"


def test_a_selected_menu_item_hides_it(user: User) -> None:
    user.open("# engine: say value_of(1)\nvalue_one = 1\nvalue_two = 2\n")
    user.type("Gov<Esc>a")  # a word to complete, with ghost text behind it
    user.until("ghost text", lambda: user.ghost_rows)
    user.type("<C-n>")
    user.sees("value_two = 2")
    user.until("the menu", lambda: user.lua("return vim.fn.pumvisible()") == 1)
    user.until("no ghost text under it", lambda: not user.ghost_rows)
    assert user.marks("spanfill.ghost") == []
    user.type("<C-e>")
    user.until("the menu closed", lambda: user.lua("return vim.fn.pumvisible()") == 0)
    user.type("<Esc>")
    user.sees_no_ghost()


def test_a_recorded_macro_is_replayed_as_it_was(user: User) -> None:
    user.open("# engine: say return 1\nfirst\nsecond\nthird\n")
    user.type("2Gqq")
    user.type("A = 1<Esc>j")
    user.type("q2@q")
    wanted = ["first = 1", "second = 1", "third = 1"]
    user.until("replayed", lambda: user.buffer[1:] == wanted)
    user.until("Normal mode", lambda: user.mode == "n")
    user.sees_no_ghost()


def test_repeating_an_insertion(user: User) -> None:
    user.open("# engine: say return 1\nfirst\nsecond\n")
    user.type("2GA = 1<Esc>j.")
    user.until("repeated", lambda: user.buffer[1:] == ["first = 1", "second = 1"])
    user.until("Normal mode", lambda: user.mode == "n")
    user.sees_no_ghost()


@pytest.fixture
def careful(start: Start) -> User:
    """Someone whose menus never select by themselves, and who wants no ghost text beside them."""
    return start(more="vim.o.completeopt = 'menuone,noselect'", hide_with_menu="visible")


def test_a_visible_menu_hides_it_where_that_is_wished(careful: User) -> None:
    careful.open("# engine: say value_of(1)\nvalue_one = 1\nvalue_two = 2\n")
    careful.type("Gov<Esc>a")
    careful.until("ghost text", lambda: careful.ghost_rows)
    careful.type("<C-n>")
    careful.until("the menu", lambda: careful.lua("return vim.fn.pumvisible()") == 1)
    careful.until("no ghost text beside it", lambda: not careful.ghost_rows)
    careful.type("<C-e>")
    careful.until("the menu closed", lambda: careful.lua("return vim.fn.pumvisible()") == 0)
    careful.until("ghost text again", lambda: careful.ghost_rows)


def test_what_a_keystroke_costs(user: User, record_property: Callable[[str, object], None]) -> None:
    user.open("# engine: say result = compute(values)\\nreturn result\nvalues = []\n")
    user.command(PLAIN)
    user.lua("require('spanfill.timings').reset()")
    user.type("Go")
    user.until("ghost text", lambda: user.ghost_rows)
    for character in "result = compute(values)":  # along the suggestion, which is drawn anew each time
        user.type(character)
    user.sees_ghost("return result")
    for number in range(10):
        user.type(f"<CR>line_{number} = call({number})")
    user.until("typed", lambda: user.buffer[-1] == "line_9 = call(9)")
    key = user.lua("return require('spanfill').timings()")["key"]
    record_property("key", key)
    print(f"\nNeovim {user.version}: {key}")
    assert key["count"] >= 10
    assert key["p50_ms"] <= BOUND_MS
    assert key["p95_ms"] <= BOUND_MS * BUSY_FACTOR
