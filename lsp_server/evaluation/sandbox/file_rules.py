"""Confines a process's files by Landlock: it writes in one folder and reads what programs need.

Linux 6.2 and newer, where Landlock is on; without privileges, for good. Source: landlock(7).
"""

import ctypes
import os
import struct
import sys

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_FIRST_ABI = 3
"""The first that holds truncation."""

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_FILE, _TRUNCATE = 1 << 5, 1 << 8, 1 << 14
_ALL = (1 << 15) - 1
_READ = _EXECUTE | _READ_FILE | _READ_DIR
# No folders, links, pipes or devices: what is left behind is a flat list of files.
_WRITE = _READ | _WRITE_FILE | _REMOVE_FILE | _MAKE_FILE | _TRUNCATE

_PRIVATE = frozenset(
    ("proc", "sys", "run", "home", "root", "tmp", "var", "mnt", "media", "srv", "boot", "dev")
)
"""Folders of the root that aren't read, but for the interpreter's own place in them."""
_DEVICES = ("null", "zero", "random", "urandom")


def restrict(folder: str, readable: tuple[str, ...] = ()) -> bool:
    """Let this process write in `folder` alone, and read there, in the system's folders and in `readable`.

    False where Landlock isn't to be had.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    if abi < _FIRST_ABI:
        return False
    handled = struct.pack("=Q", _ALL)
    rules = libc.syscall(_CREATE_RULESET, ctypes.c_char_p(handled), ctypes.c_size_t(len(handled)), 0)
    if rules < 0:
        return False
    try:
        _allow(libc, rules, folder, _WRITE)
        for path in (*_system_folders(), sys.prefix, sys.base_prefix, *readable):
            _allow(libc, rules, path, _READ)
        for name in _DEVICES:
            _allow(libc, rules, f"/dev/{name}", _READ_FILE | _WRITE_FILE)
        return bool(
            libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
            and libc.syscall(_RESTRICT_SELF, rules, 0) == 0
        )
    finally:
        os.close(rules)


def _system_folders() -> list[str]:
    return [entry.path for entry in os.scandir("/") if entry.name not in _PRIVATE and entry.is_dir()]


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what isn't there needs no rule
    try:
        if not os.path.isdir(path):  # noqa: PTH112
            rights &= _READ_FILE | _WRITE_FILE | _EXECUTE | _TRUNCATE
        rule = struct.pack("=Qi", rights, handle)
        libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, ctypes.c_char_p(rule), 0)
    finally:
        os.close(handle)
