"""`:Spanfill`, the health check and the help file."""

import os
import subprocess
from collections.abc import Callable

import pytest
from neovim import PATIENCE_S, PLUGIN
from neovims import Neovim
from user import User

REGION = "# engine: say     total = 0\ndef count(values):\n    total = 1\n    return total\n"
DIAGNOSE = """
local found = { lnum = 2, col = 4, end_col = 9, message = "too much" }
vim.diagnostic.set(vim.api.nvim_create_namespace("lint"), 0, { found })
"""


def names(user: User) -> list[str]:
    """The subcommands that completion offers."""
    found: list[str] = user.lua("return vim.fn.getcompletion('Spanfill ', 'cmdline')")
    return found


def test_every_subcommand_is_tried_here(user: User) -> None:
    tried = {"function", "rewrite", "optimise", "explain", "fix", *SHOWS}
    tried |= {
        "fill",
        "accept",
        "regenerate",
        "discard",
        "pause",
        "resume",
        "restart",
        "stop",
        "model",
        "doctor",
    }
    assert set(names(user)) == tried


@pytest.mark.parametrize("command", ["3Spanfill fill", "Spanfill function", "3Spanfill rewrite be brief"])
def test_what_fills(user: User, command: str) -> None:
    user.open(REGION)
    user.types("3G", row=2)
    user.type(f":{command}<CR>")
    user.event("SpanfillPreview")
    assert user.buffer == REGION.splitlines()
    user.command("Spanfill accept")
    user.event("SpanfillAccepted", what="fill")
    assert user.buffer != REGION.splitlines()


def test_a_preview_is_run_again_and_discarded(user: User) -> None:
    user.open(REGION)
    user.types("3G", row=2)
    user.type(":.Spanfill fill<CR>")
    user.event("SpanfillPreview")
    user.command("Spanfill regenerate")
    user.event("SpanfillPreview")
    user.command("Spanfill discard")
    user.event("SpanfillDiscarded")
    assert user.buffer == REGION.splitlines()


def test_optimising(user: User) -> None:
    user.open(REGION)
    user.types("3G", row=2)
    user.type(":Spanfill optimise<CR>")
    user.event("SpanfillPreview")
    user.type("<Esc>")
    user.event("SpanfillDiscarded")


def test_fixing_a_diagnostic(user: User) -> None:
    user.open(REGION)
    user.lua(DIAGNOSE)
    user.types("3G", row=2)
    user.type(":Spanfill fix<CR>")
    user.event("SpanfillPreview")
    user.type("<Esc>")
    user.event("SpanfillDiscarded")


def test_explaining(user: User) -> None:
    user.open(REGION)
    user.types("3G", row=2)
    user.type(":Spanfill explain<CR>")
    assert user.event("SpanfillExplained")["text"]
    user.type("q")
    user.until("one window", lambda: user.lua("return #vim.api.nvim_list_wins()") == 1)
    assert user.buffer == REGION.splitlines()


SHOWS: dict[str, Callable[[User], bool]] = {
    "status": lambda user: "ready" in user.screen.text(),
    "stats": lambda user: "fills" in user.screen.text(),
    "log": lambda user: str(user.request("nvim_buf_get_name", 0)).endswith("lsp.log"),
}
"""What each of the telling commands puts on the screen."""


@pytest.mark.parametrize("name", SHOWS)
def test_what_tells(user: User, name: str) -> None:
    user.open(REGION)
    user.type(f":Spanfill {name}<CR>")
    user.until(f"what {name} shows", lambda: SHOWS[name](user))
    user.prompts_expected = True


def test_stopping_and_starting_anew(user: User) -> None:
    user.open(REGION)
    before = user.server()
    user.forget()
    user.command("Spanfill restart")
    user.event("SpanfillStatus", state="ready")
    before.wait(PATIENCE_S)
    assert user.server().pid != before.pid
    user.command("Spanfill stop")
    user.event("SpanfillStatus", state="stopped")
    user.command("Spanfill restart")
    user.event("SpanfillStatus", state="ready")
    user.prompts_expected = True


def test_another_model(user: User) -> None:
    user.open(REGION)
    user.command("Spanfill model other")
    user.event("SpanfillStatus", state="ready", model="other")


def test_an_unknown_subcommand_says_what_there_is(user: User) -> None:
    user.open(REGION)
    user.type(":Spanfill fly<CR>")
    user.until("the message", lambda: "there is no :Spanfill fly" in "\n".join(user.messages))
    user.prompts_expected = True


def test_the_health_check_finds_nothing_wrong(user: User) -> None:
    user.open(REGION)
    user.type(":checkhealth spanfill<CR>")
    user.until("the report", lambda: any("spanfill" in line for line in user.buffer) and len(user.buffer) > 5)
    report = "\n".join(user.buffer)
    assert "ERROR" not in report, report
    user.type(":quit<CR>")
    user.prompts_expected = True


def test_the_help_file_opens(user: User) -> None:
    user.command("help spanfill")
    user.until(
        "the help file", lambda: str(user.request("nvim_buf_get_name", 0)).endswith("doc/spanfill.txt")
    )
    text = "\n".join(user.buffer)
    missing = [name for name in names(user) if f":Spanfill {name}" not in text]
    assert not missing


def test_the_help_file_is_made_from_the_source_as_it_is(neovim: Neovim) -> None:
    checked = subprocess.run(
        [*neovim.command, "-l", "scripts/docs.lua", "--check"],
        cwd=PLUGIN,
        env={**os.environ, **neovim.environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
