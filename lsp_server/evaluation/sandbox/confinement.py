"""Confines the process that calls it: limits, privileges, files, system calls. For good.

Where the kernel takes part (Linux on x86-64 and AArch64, Landlock from 6.2 on) nothing a program does gets
out of its folder, reaches another process or the network, or starts a second process. Elsewhere the limits
hold as far as the system knows them, and `guard` stops accidents.
"""

import contextlib
import ctypes
import struct
import sys

from lsp_server.evaluation.sandbox import file_rules, guard, syscalls

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _SIGKILL = 1, 24, 9
_CAPABILITY_VERSION = 0x20080522
_CAPABILITIES = 64


def confine(folder: str, limits: dict[str, int], *, native: bool, readable: tuple[str, ...] = ()) -> bool:
    """Confine this process to `folder` and `limits`, named as in `Limits`.

    `native`: another program than Python will run, which reserves address space it doesn't use, so that
    only its data is limited. `readable`: files and folders it needs beside the system's.

    Returns whether the kernel confines it. If not, the guard is on for Python.
    """
    _limit(limits, native=native)
    _drop_privileges()
    # Files first: the filter for system calls would not hinder it, but an old kernel may lack it.
    if file_rules.restrict(folder, readable) and syscalls.restrict():
        return True
    guard.restrict(folder)
    return False


def _limit(limits: dict[str, int], *, native: bool) -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent watches time and memory
        return
    seconds = limits["cpu_seconds"]
    memory = resource.RLIMIT_DATA if native else resource.RLIMIT_AS
    wanted = (
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (memory, limits["memory_bytes"], limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"]),
        (resource.RLIMIT_CORE, 0, 0),
    )
    for which, soft, hard in wanted:
        # macOS refuses some; what the system can't limit, the parent watches.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(which, (soft, hard))


def _drop_privileges() -> None:
    """Give up every capability, which root has, and die with the parent."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    for capability in range(_CAPABILITIES):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header, nothing = struct.pack("=Ii", _CAPABILITY_VERSION, 0), bytes(24)
    libc.capset(ctypes.c_char_p(header), ctypes.c_char_p(nothing))
