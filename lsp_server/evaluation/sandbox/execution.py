"""Runs one program in a confined process of its own and says how it ended: the parent's side.

Starts, watches and ends the process; `child` is what happens inside. Knows programs, not tasks.
"""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal, get_args

from lsp_server.evaluation.sandbox.child import LONGEST_DETAIL
from lsp_server.evaluation.sandbox.limits import Limits
from runtime import RuntimeSetupError

Ending = Literal[
    "passed",
    "failed",
    "error",
    "syntax_error",
    "exited",
    "timeout",
    "memory",
    "output_limit",
    "killed",
    "not_run",
]
"""How a program ended: see docs/cli.md."""
ENDINGS: tuple[Ending, ...] = get_args(Ending)

_LOOK_SECONDS = 0.05
_LONGEST_VERDICT = 16_384
_ROOT = str(Path(__file__).parents[3])
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from lsp_server.evaluation.sandbox.child import main; main()"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Code that raises where it is wrong, and comes to its end where it is right."""

    source: str
    language: Literal["python", "javascript"] = "python"
    interpreter: str = sys.executable


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a program ended."""

    ending: Ending
    detail: str = ""
    """One line, for people; it may quote what the program raised."""
    confined: bool = True
    """Whether the kernel confined the process; False too where it did not live to say so."""


def run_program(program: Program, limits: Limits) -> Verdict:
    """Run a program to its end, or to that of its limits. Leaves no process and no file behind.

    Raises:
        RuntimeSetupError: no process could be started.
    """
    with tempfile.TemporaryDirectory(prefix="spanfill-eval-", ignore_cleanup_errors=True) as name:
        # The kernel's rules go by where a folder really is.
        return _run_in(os.path.realpath(name), program, limits)


def _run_in(folder: str, program: Program, limits: Limits) -> Verdict:
    nonce = secrets.token_hex(16)
    order = {
        "language": program.language,
        "source": program.source,
        "interpreter": program.interpreter,
        "folder": folder,
        "limits": {key: int(value) for key, value in asdict(limits).items()},
        "nonce": nonce,
    }
    process = _start(folder)
    try:
        assert process.stdin and process.stdout and process.stderr
        spoken = _Reader(process.stdout, keep=_LONGEST_VERDICT, limit=_LONGEST_VERDICT)
        printed = _Reader(process.stderr, keep=2000, limit=limits.output_bytes)
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(json.dumps(order).encode("utf-8"))
        stopped = _watch(process, folder, limits, printed)
    finally:
        _end(process)
    spoken.join()
    printed.join()
    verdict = _verdict_of(spoken.kept, nonce)
    if stopped is not None:
        return Verdict(ending=stopped[0], detail=stopped[1])
    return verdict or _of_silence(process.returncode, printed.kept)


def _start(folder: str) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _START, _ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
    except OSError as error:
        raise RuntimeSetupError(
            f"No process could be started to try a program in ({error.strerror}); use fewer --jobs."
        ) from error


def _environment(folder: str) -> dict[str, str]:
    found = {"TMPDIR": folder, "TEMP": folder, "TMP": folder, "HOME": folder, "LC_ALL": "C.UTF-8"}
    if sys.platform == "win32":
        found["SYSTEMROOT"] = os.environ.get("SYSTEMROOT", r"C:\Windows")  # Python doesn't start without
    return found


def _watch(
    process: "subprocess.Popen[bytes]", folder: str, limits: Limits, printed: "_Reader"
) -> tuple[Ending, str] | None:
    """Wait for the end; what the program was stopped for, if it was."""
    deadline = time.monotonic() + limits.wall_seconds
    while True:
        try:
            process.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        else:
            return ("output_limit", _too_much(limits)) if printed.over.is_set() else None
        if printed.over.is_set():
            return "output_limit", _too_much(limits)
        if _too_many_files(folder, limits):
            return (
                "output_limit",
                f"wrote more than {limits.folder_bytes >> 20} MiB or {limits.folder_files} files",
            )
        if sys.platform != "linux" and _resident_bytes(process.pid) > limits.memory_bytes:
            return "memory", "more memory than the limit"
        if time.monotonic() > deadline:
            return "timeout", f"still running after {limits.wall_seconds:g} s"


def _too_much(limits: Limits) -> str:
    return f"printed more than {limits.output_bytes >> 10} KiB"


def _too_many_files(folder: str, limits: Limits) -> bool:
    total = 0
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for count, entry in enumerate(entries, 1):
            with contextlib.suppress(OSError):  # gone meanwhile
                total += entry.stat(follow_symlinks=False).st_size
            if total > limits.folder_bytes or count > limits.folder_files:
                return True
    return False


def _resident_bytes(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the process and whatever shares its session."""
    if sys.platform == "win32":
        process.kill()
    else:
        # Also where it has ended: its group may live on where the kernel doesn't forbid processes.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class _Reader:
    """Reads a pipe to its end, keeps the beginning and says when there was too much."""

    def __init__(self, pipe: IO[bytes], *, keep: int, limit: int) -> None:
        self.over = threading.Event()
        self._pipe = pipe
        self._keep = keep
        self._limit = limit
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def kept(self) -> bytes:
        """The first bytes."""
        return bytes(self._kept)

    def _read(self) -> None:
        total = 0
        with self._pipe:
            while data := os.read(self._pipe.fileno(), 65_536):
                total += len(data)
                self._kept += data[: self._keep - len(self._kept)]
                if total > self._limit:
                    self.over.set()
                    return  # a full or broken pipe stops the program until it is killed

    def join(self) -> None:
        """Wait for the end of the pipe, which a process that got away may hold open."""
        self._thread.join(1.0)


def _verdict_of(data: bytes, nonce: str) -> Verdict | None:
    """What the child said, if it is in its form: the program may have written there too."""
    try:
        said: Any = json.loads(data)
        ending, detail, confined = said["outcome"], said["detail"], said["confined"]
    except (ValueError, KeyError, TypeError):
        return None
    if ending not in ENDINGS or not isinstance(detail, str):
        return None
    detail = _printable(detail)
    if ending == "passed" and said.get("nonce") != nonce:
        return Verdict(ending="exited", detail="claimed to have passed before the tests ended")
    return Verdict(ending=ending, detail=detail, confined=bool(confined))


def _printable(text: str) -> str:
    """One line that can be written anywhere: what a program raised may hold halves of surrogate pairs."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return " ".join(whole.split())[:LONGEST_DETAIL]


def _of_silence(status: int, printed: bytes) -> Verdict:
    """The verdict on a process that ended without one."""
    if status >= 0:
        if b"MemoryError" in printed or b"heap out of memory" in printed:
            return Verdict(ending="memory", detail="more memory than the limit")
        return Verdict(ending="exited", detail=f"left with status {status} before the tests ended")
    if -status in (getattr(signal, "SIGXCPU", 0), signal.SIGKILL if sys.platform != "win32" else 0):
        return Verdict(ending="timeout", detail="used up its processor time")
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    return Verdict(ending="killed", detail=f"ended by {name}")
