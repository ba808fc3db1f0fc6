"""A real Neovim with a person at it: keys in, a screen out, and its functions over RPC.

It runs as a person's would, with XDG folders of its own and the plugin installed as a native package. Every
wait is for an event: a redraw that ended, an autocommand, an answer. Knows nothing of what is tested.
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
vim.api.nvim_create_autocmd({ "LspAttach", "BufEnter", "ModeChanged" }, { callback = function(event)
  vim.rpcnotify(channel, "news", event.event)
end })
"""
"""Tells of the plugin's events, of what the language client asks, and that there is something new."""


class Person:
    """Someone at a Neovim."""

    def __init__(self, neovim: Neovim, home: Path, init: str, rows: int = ROWS) -> None:
        self.version = neovim.version
        self.home = home
        self.screen = Screen()
        self.asked: list[str] = []
        """The methods that the language client has sent as requests."""
        self.prompts: list[str] = []
        """What was on the screen each time Neovim asked for Enter before it went on."""
        self._asks = False
        self._told: list[tuple[str, Any]] = []
        self._news = threading.Condition()
        self._changes = 0
        self._install(init)
        self._child = Child(
            [*neovim.command, "--embed"],
            _environment(home) | neovim.environment,
            home,
            self._hear,
        )
        options = {"rgb": True, "ext_linegrid": True, "ext_hlstate": True}
        self.request("nvim_ui_attach", COLUMNS, rows, options)
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
                self._answer_prompt()
            elif method == "asked":
                self.asked.append(arguments[0])
            elif method == "user":
                self._told.append((arguments[0], arguments[1]))
            self._changes += 1
            self._news.notify_all()

    def _answer_prompt(self) -> None:
        """A message too long for its line holds everything up, requests too; a person presses Enter."""
        asks = "Press ENTER" in self.screen.text()
        if asks and not self._asks:
            self.prompts.append(self.screen.text())
            self._child.notify("nvim_input", "<CR>")
        self._asks = asks

    @property
    def pid(self) -> int:
        """Of the editor's process."""
        return self._child.process.pid

    def request(self, method: str, *arguments: Any) -> Any:
        """One of Neovim's API functions."""
        try:
            return self._child.request(method, *arguments, patience_s=PATIENCE_S)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.picture()}") from None

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

    def event(self, name: str, **data: Any) -> dict[str, Any]:
        """Wait for a `User` event that has this data, after those waited for before; all of its data."""

        def found() -> list[int]:
            return [
                index
                for index, (known, has) in enumerate(list(self._told))
                if known == name and all(has.get(key) == value for key, value in data.items())
            ][:1]

        [index] = self.until(f"{name} {data}", found)
        happened: dict[str, Any] = self._told[index][1]
        del self._told[: index + 1]
        return happened

    def heard(self, name: str) -> list[dict[str, Any]]:
        """The data of each `User` event of a name that nobody has waited for."""
        return [data for known, data in list(self._told) if known == name]

    def forget(self) -> None:
        """Start counting events and requests anew."""
        self._told.clear()
        self.asked.clear()

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

    def leaves_insert_mode(self) -> None:
        """Press Escape and see Normal mode."""
        self.type("<Esc>")
        self.until("Normal mode", lambda: self.mode == "n")

    @property
    def messages(self) -> list[str]:
        """The lines that `:messages` shows."""
        return str(self.lua("return vim.api.nvim_exec2('messages', { output = true }).output")).splitlines()

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
