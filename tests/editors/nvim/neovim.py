"""A real Neovim with a person at it: keys in, a screen out, and its functions over RPC.

It runs as a person's would, with XDG folders of its own and the plugin installed as a native package. Every
wait is for an event: a redraw that ended, an autocommand, an answer.
"""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgpack_rpc import Child
from neovims import Neovim
from screen import Screen

ROOT = Path(__file__).parents[3]
PLUGIN = ROOT / "editors/nvim"
PATIENCE_S = 60.0
"""How long anything may take on a busy machine."""

COLUMNS, ROWS = 90, 24

_EVENTS = """
local channel = ...
vim.api.nvim_create_autocmd("User", { pattern = "Spanfill*", callback = function(event)
  vim.rpcnotify(channel, "user", event.match, event.data or vim.empty_dict())
end })
vim.api.nvim_create_autocmd("LspRequest", { callback = function(event)
  local request = event.data.request
  if request.type == "pending" then vim.rpcnotify(channel, "asked", request.method) end
end })
"""
"""Tells of the plugin's events and of what the language client asks a server."""


class Person:
    """Someone at a Neovim."""

    def __init__(self, neovim: Neovim, home: Path, init: str, *files: Path) -> None:
        self.version = neovim.version
        self.home = home
        self.screen = Screen()
        self.asked: list[str] = []
        """The methods that the language client has sent as requests."""
        self.told: list[tuple[str, Any]] = []
        """The plugin's `User` events with their data."""
        self._news = threading.Condition()
        self._changes = 0
        self._install(init)
        self._child = Child(
            [*neovim.command, "--embed", *map(str, files)],
            _environment(home) | neovim.environment,
            home,
            self._hear,
        )
        options = {"rgb": True, "ext_linegrid": True, "ext_hlstate": True}
        self.request("nvim_ui_attach", COLUMNS, ROWS, options)
        channel = self.request("nvim_get_api_info")[0]
        self.lua(_EVENTS, channel)

    def _install(self, init: str) -> None:
        config = self.home / "config/nvim"
        config.mkdir(parents=True)
        (config / "init.lua").write_text(init, encoding="utf-8")
        packages = self.home / "data/nvim/site/pack/spanfill/start"
        packages.mkdir(parents=True)
        (packages / "spanfill").symlink_to(PLUGIN, target_is_directory=True)
        for folder in ("state", "cache", "run"):
            (self.home / folder).mkdir(mode=0o700)

    def _hear(self, method: str, arguments: list[Any]) -> None:
        with self._news:
            if method == "redraw":
                for event, *calls in arguments:
                    for call in calls:
                        self.screen.apply(event, call)
            elif method == "asked":
                self.asked.append(arguments[0])
            elif method == "user":
                self.told.append((arguments[0], arguments[1]))
            self._changes += 1
            self._news.notify_all()

    def request(self, method: str, *arguments: Any) -> Any:
        """One of Neovim's API functions."""
        return self._child.request(method, *arguments, patience_s=PATIENCE_S)

    def lua(self, code: str, *arguments: Any) -> Any:
        """What a piece of Lua returns; `...` holds the arguments."""
        return self.request("nvim_exec_lua", code, list(arguments))

    def command(self, text: str) -> None:
        """An Ex command."""
        self.request("nvim_command", text)

    def type(self, keys: str) -> None:
        """Press keys, in Neovim's notation (`<Esc>`, `<lt>`); returns before they are worked off."""
        waiting = keys.encode()
        while waiting:
            taken = self.request("nvim_input", waiting.decode("utf-8", "surrogateescape"))
            waiting = waiting[taken:]

    def until(self, what: str, test: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        """Wait for a test to hold, looking again whenever Neovim has something to tell; its value."""
        deadline = time.monotonic() + patience_s
        while True:
            with self._news:
                seen = self._changes
            if value := test():
                return value
            with self._news:
                left = deadline - time.monotonic()
                if left <= 0 or (self._changes == seen and not self._news.wait(left)):
                    raise AssertionError(f"{what} did not happen within {patience_s:g} s\n{self.picture()}")

    def picture(self) -> str:
        """The screen as text, in a frame, for messages of failed tests."""
        width = max(map(len, self.screen.lines()), default=0)
        return "\n".join(f"| {line.ljust(width)} |" for line in self.screen.lines())

    def sees(self, text: str) -> None:
        """Wait for a text to be on the screen."""
        self.until(f"{text!r} on the screen", lambda: text in self.screen.text())

    @property
    def buffer(self) -> list[str]:
        """The current buffer's lines."""
        lines: list[str] = self.request("nvim_buf_get_lines", 0, 0, -1, False)
        return lines

    @property
    def mode(self) -> str:
        """The mode as `nvim_get_mode` has it."""
        return str(self.request("nvim_get_mode")["mode"])

    @property
    def messages(self) -> str:
        """What `:messages` shows."""
        return str(self.lua("return vim.api.nvim_exec2('messages', { output = true }).output"))

    def leave(self) -> None:
        """Quit without saving, as a person does, and see that it ends."""
        if self._child.process.poll() is None:
            self._child.notify("nvim_command", "qall!")
        self._child.close(PATIENCE_S)


def _environment(home: Path) -> dict[str, str]:
    """Nothing of the person who runs the tests, but for what starts the server."""
    kept = {name: os.environ[name] for name in ("PATH", "SPANFILL_HOME") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "NVIM_LOG_FILE": str(home / "state/nvim.log"),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTHONPATH": str(ROOT),
    }
