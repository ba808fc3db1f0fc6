"""Refuses in Python what the kernel can't be asked to refuse: sockets, processes, signals, files elsewhere.

An audit hook (PEP 578). It stops accidents, not an attack: native code goes round it.
"""

import os
import sys
from typing import Any

_REFUSED = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.fork",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
    "os.startfile",
    "os.kill",
    "signal.pthread_kill",
    "ctypes.",
    "os.mkdir",
    "os.link",
    "os.symlink",
    "os.chmod",
    "os.chown",
    "os.truncate",
    "os.utime",
    "os.setxattr",
    "os.removexattr",
    "pty.spawn",
    "winreg.",
    "_winapi.",
    "webbrowser.open",
)
_REMOVES = ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree", "shutil.move")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def restrict(folder: str) -> None:
    """Refuse from now on what reaches out of `folder`; there is no way back."""
    inside = os.path.realpath(folder)

    def allowed(path: Any) -> bool:
        if isinstance(path, int):
            return True  # a descriptor that was opened under these rules
        found = os.path.realpath(os.fsdecode(path))
        return found == os.devnull or found.startswith(inside + os.sep)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = bool(flags & _WRITES) if isinstance(flags, int) else mode not in (None, "r", "rb")
            if not writes or allowed(path):
                return
        elif event in _REMOVES:
            if all(allowed(path) for path in arguments if isinstance(path, (str, bytes, os.PathLike))):
                return
        elif not event.startswith(_REFUSED):
            return
        raise PermissionError(f"the sandbox refuses {event}")

    sys.addaudithook(hook)
