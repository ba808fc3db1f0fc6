"""The server's comings and goings: two editors, a server that dies, settings that are wrong."""

import shlex
from pathlib import Path

from user import ROOMY, SCRIPTED, Start, User

ADD = "# engine: say return a + b\ndef add(a, b):\n"
STATUS_LINE = """vim.o.statusline = "%{v:lua.require'spanfill'.statusline()}" """
READY, LOADING = "ready", "loading"


def suggests(user: User) -> None:
    """Ghost text comes in a new file."""
    user.open(ADD)
    user.type("Go")
    user.sees_ghost("return a + b")
    user.leaves_insert_mode()


def test_the_status_leaves_loading_and_says_which_model(start: Start) -> None:
    user = start(more=STATUS_LINE)
    user.open(ADD)
    user.event("SpanfillStatus", state=LOADING)
    assert user.event("SpanfillStatus", state=READY)["model"] == "scripted"
    user.sees("spanfill ready")


def test_a_killed_server_comes_back_and_typing_goes_on(start: Start) -> None:
    user = start(more=ROOMY)
    suggests(user)
    server = user.server()
    user.forget()
    server.kill()
    user.event("SpanfillStatus", state="stopped")
    user.type("Goone = 1<CR>two = 2")
    user.until("typed without a server", lambda: "".join(user.buffer).endswith("two = 2"))
    assert [line.strip() for line in user.buffer[-2:]] == ["one = 1", "two = 2"]
    user.leaves_insert_mode()
    user.event("SpanfillStatus", state=READY)
    assert user.server().pid != server.pid
    suggests(user)


def test_two_neovims_share_nothing(start: Start) -> None:
    first, second = start(more=ROOMY), start()
    for user in (first, second):
        suggests(user)
    assert first.server().pid != second.server().pid
    first.command("Spanfill pause")
    first.event("SpanfillStatus", paused=True)
    first.server().kill()
    first.event("SpanfillStatus", state="stopped")
    suggests(second)
    assert second.status["state"] == READY
    assert not second.status["paused"]
    first.event("SpanfillStatus", state=READY)  # of its next server


def test_files_of_a_project_and_files_of_none(start: Start) -> None:
    user = start()
    project = user.home / "project"
    (project / ".git").mkdir(parents=True)
    (project / "inside.py").write_text(ADD)
    user.command(f"edit {project / 'inside.py'}")
    user.until("ready", lambda: user.status["state"] == READY)
    server = user.server().pid
    user.type("Go")
    user.sees_ghost("return a + b")
    user.leaves_insert_mode()
    suggests(user)  # that one lies in no project
    assert user.server().pid == server
    assert user.lua("return #vim.lsp.get_clients({ name = 'spanfill' })") == 1


def test_wrong_settings_are_told_once(start: Start) -> None:
    user = start(debounce_ms="soon", colour="blue", settings={"completion": {"maxLines": "many"}, "speed": 1})
    user.open(ADD)
    user.until("both have spoken", lambda: len([line for line in user.messages if "spanfill" in line]) >= 2)
    user.open(ADD)
    own, servers = sorted(line for line in user.messages if "settings" in line)
    assert "colour" in own
    assert "debounce_ms" in own
    assert "completion.maxLines" in servers
    assert "speed" in servers
    suggests(user)  # the defaults serve
    user.prompts_expected = True  # a sentence about four settings is longer than a line


def test_a_server_that_is_not_there_is_told_once(start: Start) -> None:
    user = start(server=["no-such-program-anywhere"])
    user.open(ADD, ready=False)
    user.open(ADD, ready=False)
    assert user.status["state"] == "missing"
    assert "\n".join(user.messages).count("no-such-program-anywhere") == 1
    user.type("Goreturn 1")
    user.until("typed", lambda: user.buffer[-1].strip() == "return 1")
    user.prompts_expected = True  # it says what to do, and that is longer than a line


def test_a_server_that_ends_at_once_is_not_started_for_ever(start: Start) -> None:
    user = start(server=["false"], more=ROOMY)
    user.prompts_expected = True  # many sentences at once
    user.open(ADD, ready=False)
    user.event("SpanfillStatus", state="error")
    user.type("Goreturn 1")
    user.until("typed", lambda: user.buffer[-1].strip() == "return 1")
    assert len([line for line in user.messages if "the server ended" in line]) == 1


def test_by_hand_only(start: Start) -> None:
    user = start(automatic=False)
    user.open(ADD)
    user.types("Go", row=2)
    assert user.asked_for_suggestions == 0
    user.type("<M-i>")
    user.sees_ghost("return a + b")
    assert user.asked_for_suggestions == 1


def test_pausing(user: User) -> None:
    user.open(ADD)
    user.command("Spanfill pause")
    user.event("SpanfillStatus", paused=True)
    user.type("Go")
    user.event("SpanfillNothing")
    assert not user.ghost_rows
    user.leaves_insert_mode()
    user.command("Spanfill resume")
    user.event("SpanfillStatus", paused=False)
    suggests(user)


def test_files_with_secrets_get_none(user: User) -> None:
    user.open(ADD, ".env", ready=False)
    user.command("setlocal filetype=python")
    user.is_served()
    user.type("Go")
    user.event("SpanfillNothing")
    assert not user.ghost_rows


def test_the_program_is_found_on_the_path(start: Start, tmp_path: Path) -> None:
    program = tmp_path / "spanfill"
    program.write_text(f"#!/bin/sh\nexec {shlex.join(SCRIPTED)}\n")
    program.chmod(0o755)
    user = start(server=None, more=f"vim.env.PATH = '{tmp_path}:' .. vim.env.PATH")
    suggests(user)
