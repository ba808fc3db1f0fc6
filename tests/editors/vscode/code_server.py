"""A running VS Code without windows: code-server, with extensions installed and settings of its own."""

import json
import os
import re
import subprocess
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

from places import Places

PATIENCE_S = 300

SETTINGS: dict[str, Any] = {
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.startupEditor": "none",
    "workbench.enableExperiments": False,
    "workbench.editor.enablePreview": False,
    "chat.commandCenter.enabled": False,
    "window.commandCenter": False,
    "editor.stickyScroll.enabled": False,
    "window.menuBarVisibility": "hidden",
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "files.hotExit": "off",
    "git.enabled": False,
    "editor.minimap.enabled": False,
    "editor.wordBasedSuggestions": "off",
    "editor.accessibilitySupport": "off",
    "editor.fontFamily": "DejaVu Sans Mono",
}
"""Of the user: a quiet editor whose own suggestions stay out of the way."""


class CodeServer:
    """Serves windows to browsers until it is stopped."""

    def __init__(self, places: Places, home: Path, extensions: list[Path]) -> None:
        self._places = places
        self._home = home
        user = home / "data/User"
        user.mkdir(parents=True)
        (user / "settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
        if extensions:
            installing = [word for path in extensions for word in ("--install-extension", str(path))]
            done = subprocess.run(
                self._command(*installing), env=self._environment(), capture_output=True, text=True,
                timeout=PATIENCE_S, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
        flags = ("--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-workspace-trust")
        self._log = (home / "code-server.txt").open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            self._command(*flags),
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._url = self._address()
        self._reader = Thread(target=self._keep, daemon=True)
        self._reader.start()

    def window(self, folder: Path) -> str:
        """The address of a window on a folder."""
        return f"{self._url}?folder={quote(str(folder))}"

    def stop(self) -> None:
        """End it and everything that it has started."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def _command(self, *words: str) -> list[str]:
        folders = ("--user-data-dir", str(self._home / "data"), "--extensions-dir", str(self._home / "ext"))
        quiet = ("--disable-telemetry", "--disable-update-check")
        return [str(self._places.node), str(self._places.entry), *folders, *quiet, *words]

    def _environment(self) -> dict[str, str]:
        own = {"HOME": str(self._home), "XDG_CONFIG_HOME": str(self._home / "config")}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VSCODE_")}
        return {**inherited, **own}

    def _address(self) -> str:
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if found := re.search(r"HTTP server listening on (\S+)", line):
                return found[1]
        raise AssertionError("code-server did not start:\n" + "".join(said))

    def _keep(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._log.write(line)
