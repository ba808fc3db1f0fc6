"""Invoked fills: a canvas that settles, a preview, and a text that changes only when it is accepted."""

from pathlib import Path

import pytest
from user import ROOMY, SERVE, Start, User

REGION = "# engine: say     total = 0\ndef count(values):\n    total = 1\n    return total\n"
SELECT = "3GV"
SLOW = "# engine: slow 300\nx = 1\ny = 2\n"


def previewed(user: User, content: str | bytes, keys: str = SELECT, text: str | None = None) -> Path:
    """A new file with a selection filled and its preview on the screen."""
    path = user.open(content)
    user.type(f"{keys}<Leader>sf".replace("<Leader>", "<Space>"))
    found = user.event("SpanfillPreview")
    assert text is None or found["text"] == text
    user.until("the preview drawn", lambda: user.screen.drawn_in("SpanfillPreview"))
    return path


def test_frames_come_before_the_preview_and_the_text_stays(user: User) -> None:
    user.open(SLOW)
    user.type("2GV<Space>sf")
    first = user.event("SpanfillFrame")
    assert user.buffer == SLOW.splitlines()
    user.until("settled slots", lambda: user.screen.drawn_in("SpanfillSettled"))
    assert user.event("SpanfillFrame")["pass"] > first["pass"]
    assert user.marks("spanfill.canvas")
    user.event("SpanfillPreview")
    assert user.buffer == SLOW.splitlines()
    user.type("<Esc>")
    user.event("SpanfillDiscarded", reason="discarded")


def test_accepting_is_one_undo_step(user: User) -> None:
    previewed(user, REGION)
    assert user.buffer == REGION.splitlines()
    user.type("<Tab>")
    user.event("SpanfillAccepted", what="fill")
    assert user.buffer[2] == "    total = 0"
    assert user.marks("spanfill.canvas") == []
    user.type("u")
    user.until("undone", lambda: user.buffer == REGION.splitlines())
    user.until("nothing drawn", lambda: not user.screen.drawn_in("SpanfillPreview"))


def test_discarding_leaves_the_text_as_it_was(user: User) -> None:
    path = previewed(user, REGION)
    tick = user.request("nvim_buf_get_changedtick", 0)
    user.type("<Esc>")
    user.event("SpanfillDiscarded", reason="discarded")
    assert user.buffer == REGION.splitlines()
    assert user.request("nvim_buf_get_changedtick", 0) == tick
    assert user.fill is None
    assert user.marks("spanfill.canvas") == []
    assert path.read_text() == REGION
    user.until("nothing drawn", lambda: not user.screen.drawn_in("SpanfillPreview"))


def test_once_more(user: User) -> None:
    previewed(user, REGION.replace("say     total = 0", "count"))
    first = (user.fill or {})["text"]
    user.type("R")
    assert user.event("SpanfillPreview")["text"] != first
    user.type("<Esc>")
    user.event("SpanfillDiscarded")


def test_its_keys_are_those_of_before_afterwards(user: User) -> None:
    user.lua("vim.keymap.set('n', '<Tab>', '<Cmd>let g:tabbed = 1<CR>')")
    previewed(user, REGION)
    user.type("<Tab>")
    user.event("SpanfillAccepted")
    assert user.buffer[2] == "    total = 0"
    user.type("<Tab>:redraw!<CR>")
    user.until("the own map again", lambda: user.lua("return vim.g.tabbed") == 1)
    user.lua("vim.keymap.del('n', '<Tab>')")


def test_a_running_fill_is_stopped(user: User) -> None:
    user.open(SLOW)
    user.type("2GV<Space>sf")
    user.event("SpanfillFrame")
    user.type("<Esc>")
    user.event("SpanfillDiscarded", reason="discarded")
    user.until("nothing drawn", lambda: not user.screen.drawn_in("SpanfillSettled"))
    assert user.marks("spanfill.canvas") == []
    assert user.buffer == SLOW.splitlines()
    user.until("the server is free again", lambda: user.status["state"] == "ready")


def test_a_text_that_changes_meanwhile_is_not_edited(user: User) -> None:
    user.open(SLOW)
    user.type("2GV<Space>sf")
    user.event("SpanfillFrame")
    user.lua("vim.api.nvim_buf_set_lines(0, 2, 3, false, { 'y = 3' })")
    user.event("SpanfillDiscarded", reason="the text changed")
    assert user.buffer == [*SLOW.splitlines()[:2], "y = 3"]
    assert user.marks("spanfill.canvas") == []


def test_a_text_that_changes_under_the_preview_is_not_edited(user: User) -> None:
    previewed(user, REGION)
    user.type("Gox<Esc>")
    user.event("SpanfillDiscarded")
    user.until("typed", lambda: user.buffer[-1].strip() == "x")
    assert user.buffer[:-1] == REGION.splitlines()
    assert user.marks("spanfill.canvas") == []


def test_a_server_that_dies_during_a_fill_edits_nothing(start: Start) -> None:
    user = start(more=ROOMY)
    user.open(SLOW)
    user.type("2GV<Space>sf")
    user.event("SpanfillFrame")
    user.server().kill()
    user.event("SpanfillDiscarded", reason="the server ended")
    assert user.buffer == SLOW.splitlines()
    user.event("SpanfillStatus", state="ready")


@pytest.mark.parametrize("eol", ["\n", "\r\n"], ids=["unix", "dos"])
def test_what_is_written_has_the_files_line_breaks(user: User, eol: str) -> None:
    content = "# engine: say a = '\\u6f22'\\nb = 2\nx = '漢字😀'\ny = 1\n".replace("\n", eol)
    path = previewed(user, content.encode(), "2GV")
    user.type("<Tab>")
    user.event("SpanfillAccepted")
    user.command("write")
    wanted = [content.split(eol)[0], "a = '漢'", "b = 2", "y = 1", ""]
    assert path.read_bytes() == eol.join(wanted).encode()


def test_part_of_a_line_between_wide_characters(user: User) -> None:
    path = previewed(user, "# engine: say new\ncall('漢😀', old) + 'é'\n", "2G0foviw")
    user.type("<Tab>")
    user.event("SpanfillAccepted")
    user.command("write")
    assert path.read_text().splitlines()[1] == "call('漢😀', new) + 'é'"


def test_a_real_model_settles_slot_by_slot(start: Start, test_model: Path) -> None:
    """A masked denoiser: slots are seen masked, then settled; what is accepted is what was previewed."""
    user = start(server=SERVE, settings={"model": {"name": str(test_model)}, "fill": {"maxTokens": 32}})
    content = "def add(a, b):\n    total = a + b\n    return total\n"
    user.open(content)
    user.type("2GV<Space>sf")
    user.until("masked slots", lambda: user.screen.drawn_in("SpanfillMasked"))
    user.until("settled slots", lambda: user.screen.drawn_in("SpanfillSettled"))
    assert user.buffer == content.splitlines()
    shown = user.event("SpanfillPreview")["text"]
    user.type("<Tab>")
    user.event("SpanfillAccepted", text=shown)
    assert "\n".join(user.buffer) == content.replace("    total = a + b", shown.rstrip("\n")).rstrip("\n")
    user.type("u")
    user.until("undone", lambda: user.buffer == content.splitlines())
