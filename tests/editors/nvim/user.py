"""A person who uses the plugin: files opened, ghost text and canvases looked at, the server asked.

The plugin's own names stand here, those that its README lists for tests.
"""

import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from neovim import ROOT, ROWS, Person
from neovims import Neovim

SCRIPTED = (sys.executable, str(ROOT / "tests/lsp_server/scripted_server.py"))
"""The real server around an engine that says what a comment `engine: NAME ...` in the text asks for."""

SERVE = (sys.executable, "-m", "lsp_server.cli.main", "serve", "--stdio")
"""The server as users have it, from this checkout."""

ROOMY = "vim.o.cmdheight = 2"
"""Room for Neovim's own sentence about a client that quit, which would ask for Enter."""

SUGGEST = "textDocument/inlineCompletion"

GROUPS = {
    "SpanfillGhost": "#808890",
    "SpanfillGhostKept": "#e0e0e1",
    "SpanfillMasked": "#4f5258",
    "SpanfillDraft": "#8cb4ff",
    "SpanfillSettled": "#b3f6c0",
    "SpanfillPreview": "#b3f6c1",
    "SpanfillHint": "#9b9ea4",
}
"""Colours of the user's own: a group that only links to another can't be told from it on the screen."""

_INIT = """
vim.o.number = true
vim.o.ruler = false
vim.g.mapleader = " "
for group, colour in pairs(vim.json.decode([==[{groups}]==])) do
  vim.api.nvim_set_hl(0, group, {{ fg = colour }})
end
{more}
require("spanfill").setup(vim.json.decode([==[{options}]==]))
"""


FAULT = re.compile(r"\bE\d+:|Error executing|Error detected|stack traceback")
"""What Neovim says where a plugin breaks; `v:errmsg` has errors that its own files silence."""


class User(Person):
    """Someone at a Neovim with spanfill."""

    def __init__(
        self,
        neovim: Neovim,
        home: Path,
        *,
        server: Sequence[str] | None = SCRIPTED,
        more: str = "",
        colours: dict[str, str] = GROUPS,
        rows: int = ROWS,
        **options: Any,
    ) -> None:
        """`more` is Lua that runs before `setup`; without a `server`, the plugin has to find one."""
        if server is not None:
            options["cmd"] = list(server)
        options.setdefault("keys", "suggested")
        self._files = 0
        self.prompts_expected = False
        """Whether a message may be longer than a line."""
        super().__init__(
            neovim,
            home,
            _INIT.format(groups=json.dumps(colours), options=json.dumps(options), more=more),
            rows,
        )

    def open(self, content: str | bytes, name: str = "module.py", *, ready: bool = True) -> Path:
        """Edit a new file; with `ready`, wait for the server and its model."""
        self._files += 1
        folder = self.home / f"files{self._files}"
        folder.mkdir()
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.type(f":edit {path}<CR>")
        self.until("the file opened", lambda: self.request("nvim_buf_get_name", 0) == str(path))
        if ready:
            self.is_served()
        return path

    def is_served(self) -> None:
        """Wait until the current buffer has a server and that its model."""
        self.until("the server attached", lambda: self.lua(_ATTACHED))
        self.until("the model ready", lambda: self.status["state"] == "ready")

    def types(self, keys: str, row: int) -> None:
        """Press keys, and wait until they are worked off and the cursor is in a row of the text, from 0."""
        self.type(keys)
        self.until(f"the cursor in row {row}", lambda: self.screen.shown.cursor[0] == row)

    @property
    def status(self) -> dict[str, Any]:
        """What the server said of itself last."""
        return dict(self.lua("return require('spanfill').status()"))

    @property
    def ghost(self) -> dict[str, Any] | None:
        """The suggestion that the plugin shows."""
        found: dict[str, Any] | None = self.lua("return require('spanfill.ghost').current()")
        return found

    @property
    def fill(self) -> dict[str, Any] | None:
        """The fill that runs or waits for a decision."""
        found: dict[str, Any] | None = self.lua("return require('spanfill.canvas').current()")
        return found

    def sees_ghost(self, *lines: str) -> None:
        """Wait for ghost text on the screen, and no other, row by row."""
        self.until(f"ghost text {lines}", lambda: self.ghost_rows == list(lines))

    def sees_no_ghost(self) -> None:
        """Wait until none is on the screen and the plugin has none."""
        self.until("no ghost text", lambda: not self.ghost_rows and self.ghost is None)
        assert self.marks("spanfill.ghost") == []

    @property
    def ghost_rows(self) -> list[str]:
        """Ghost text as it is drawn."""
        return [text.strip() for text in self.screen.drawn_in("SpanfillGhost") if text.strip()]

    def marks(self, namespace: str) -> list[Any]:
        """The current buffer's extmarks of a namespace."""
        found: list[Any] = self.lua(_MARKS, namespace)
        return found

    @property
    def asked_for_suggestions(self) -> int:
        """How often the server was asked for ghost text."""
        return self.asked.count(SUGGEST)

    def stats(self) -> dict[str, Any]:
        """The server's counts."""
        answer = self.lua(_EXECUTE, "spanfill.showStats")
        assert answer is not None, "the server does not answer"
        return dict(answer)

    def server(self) -> psutil.Process:
        """The server's process."""
        [process] = [
            process
            for process in psutil.Process(self.pid).children(recursive=True)
            if any("scripted_server" in word or word == "serve" for word in process.cmdline())
        ]
        return process

    def picture(self) -> str:
        """The screen as text, and what of it is ghost text."""
        return f"{super().picture()}\nghost text: {self.ghost_rows}"

    def has_seen_no_fault(self) -> None:
        """Nothing has broken: no error since the last start."""
        assert self.prompts_expected or not self.prompts, self.prompts
        assert not [line for line in self.messages if FAULT.search(line)], self.messages

    def starts_over(self) -> None:
        """No file, no mode, no message and no event of before."""
        self.type("<C-\\><C-n>")
        self.until("Normal mode", lambda: self.mode == "n")
        self.command("silent! %bwipeout!")
        self.command("messages clear")
        self.forget()
        self.prompts.clear()
        self.prompts_expected = False


Start = Callable[..., User]
"""Starts a Neovim; takes what `User` takes besides the program and the folder."""

_ATTACHED = "return require('spanfill.client').of(vim.api.nvim_get_current_buf()) ~= nil"

_MARKS = """
local namespace = vim.api.nvim_get_namespaces()[...]
return namespace and vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true }) or {}
"""

_EXECUTE = """
local client = assert(require("spanfill.client").any(), "no server")
local answer
local take = function(_, result) answer = result end
require("spanfill.calls").request(client, "workspace/executeCommand", { command = ... }, take, 0)
vim.wait(30000, function() return answer ~= nil end, 5)
return answer
"""
