"""Files of the workspace that nobody has opened: which may be read, and their text.

Reads regular files inside the workspace's folders and no others: no link leads out, and nothing that is
secret or ignored is looked into. For a background thread: every method may wait for the disk.
"""

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from lsp_server.privacy import Privacy

LARGEST_BYTES = 128 * 1024
"""Longer files are left out: generated ones, most often."""
FOLDER_FILES = 40
"""Most files of a folder whose files see each other."""

Stamp = tuple[int, int]
"""Time of the last change in nanoseconds, and size."""


class WorkspaceFiles:
    """What may be read of the workspace."""

    def __init__(self, roots: Iterable[Path], privacy: Privacy) -> None:
        self.roots = tuple(roots)
        self._real = tuple(Path(os.path.realpath(root)) for root in self.roots)
        self._privacy = privacy

    def secret(self, path: Path) -> bool:
        """Whether nothing may be made of a file's text, even of an open one's."""
        return self._privacy.secret(str(path))

    def stamp(self, path: Path) -> Stamp | None:
        """A file's stamp; None where there is none that may be read."""
        try:
            found = path.stat()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_BYTES or not self._allowed(path):
            return None
        return found.st_mtime_ns, found.st_size

    def _allowed(self, path: Path) -> bool:
        """Whether a path may be read under its own name, and under the name of what it leads to."""
        if not self._privacy.readable(str(path)):
            return False
        real = Path(os.path.realpath(path))
        for root, real_root in zip(self.roots, self._real, strict=True):
            if real.is_relative_to(real_root):
                return self._privacy.readable(str(root / real.relative_to(real_root)))
        return False

    def read(self, path: Path) -> str:
        """The text of a file that has a stamp; empty where it is gone or no text."""
        try:
            # What takes the file's place meanwhile may be a link or a pipe.
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            handle = os.open(os.path.realpath(path), flags)
            with os.fdopen(handle, "rb") as file:
                data = file.read(LARGEST_BYTES)
        except (OSError, ValueError):
            return ""
        return "" if b"\0" in data else data.decode("utf-8", "replace")

    def beside(self, folder: Path, endings: tuple[str, ...]) -> tuple[Path, ...]:
        """The files of a folder with one of some endings, by name; no more than FOLDER_FILES."""
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if entry.name.endswith(endings))
        except (OSError, ValueError):
            return ()
        return tuple(folder / name for name in names[:FOLDER_FILES])

    def go_module(self, folder: Path) -> tuple[Path, str] | None:
        """The folder of the nearest `go.mod` at or above a folder of the workspace, and its module's name."""
        for above in (folder, *folder.parents):
            path = above / "go.mod"
            if self.stamp(path) is not None:
                match = re.search(r"^module\s+(\S+)", self.read(path), re.MULTILINE)
                return (above, match.group(1)) if match else None
            if above in self.roots:
                return None
        return None
