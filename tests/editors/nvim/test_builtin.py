"""Ghost text drawn by Neovim 0.12 itself (`vim.lsp.inline_completion`), under the plugin's keys."""

from collections.abc import Iterator

import pytest
from neovims import Neovim
from user import Start, User

ADD = "# engine: say return a + b\ndef add(a, b):\n"


@pytest.fixture(scope="module")
def built_in(neovim: Neovim, crowd: Start) -> User:
    """Someone who lets Neovim draw."""
    if tuple(map(int, neovim.version.split("."))) < (0, 12):
        pytest.skip(f"Neovim {neovim.version} draws no ghost text of its own")
    return crowd(ghost_text="builtin", more="vim.api.nvim_set_hl(0, 'ComplHint', { fg = '#808891' })")


@pytest.fixture
def user(built_in: User) -> Iterator[User]:
    """The same with nothing of an earlier test left."""
    built_in.starts_over()
    yield built_in
    built_in.has_seen_no_fault()


def hinted(user: User) -> list[str]:
    """What Neovim has drawn as ghost text."""
    return [text.strip() for text in user.screen.drawn_in("ComplHint")]


def test_it_is_shown_by_neovim_and_taken_by_our_key(user: User) -> None:
    user.open(ADD)
    user.type("Go")
    user.until("ghost text of Neovim's", lambda: hinted(user) == ["return a + b"])
    assert user.marks("spanfill.ghost") == []
    user.type("<M-l>")
    user.event("SpanfillAccepted", what="all")
    assert user.buffer[-1] == "    return a + b"
    user.until("nothing left", lambda: not hinted(user))


def test_a_word_of_it(user: User) -> None:
    user.open(ADD)
    user.type("Go")
    user.until("ghost text of Neovim's", lambda: hinted(user) == ["return a + b"])
    user.type("<M-w>")
    user.event("SpanfillAccepted", what="word")
    user.until("a word", lambda: user.buffer[-1].strip() == "return")


def test_escape_takes_it_off(user: User) -> None:
    user.open(ADD)
    user.type("Go")
    user.until("ghost text of Neovim's", lambda: hinted(user) == ["return a + b"])
    user.leaves_insert_mode()
    user.until("nothing left", lambda: not hinted(user))
    assert user.buffer[:2] == ADD.splitlines()
