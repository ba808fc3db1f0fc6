"""The real sandbox, against programs that would do harm without it.

Each program is harmless where the sandbox fails as well: it tries a thing a few times, on things made here.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lsp_server.evaluation.sandbox.execution import Program, Verdict, run_program
from lsp_server.evaluation.sandbox.limits import MIB, Limits
from lsp_server.evaluation.sandbox.syscalls import REFUSED, SEEN_INTO

# Generous on the clock: these machines are shared.
LIMITS = Limits(
    cpu_seconds=20, wall_seconds=120, memory_bytes=256 * MIB, folder_bytes=8 * MIB, file_bytes=4 * MIB
)
SHORT = Limits(cpu_seconds=1, wall_seconds=120)


def run(source: str, limits: Limits = LIMITS) -> Verdict:
    return run_program(Program(source=source), limits)


@pytest.fixture(scope="module")
def confined() -> None:
    """Skips where the kernel can't confine: there only accidents are stopped."""
    if not run("pass").confined:
        pytest.skip("the kernel has no Landlock, or no seccomp filter for this machine")


@pytest.mark.parametrize(
    ("source", "ending", "said"),
    [
        ("assert 1 + 1 == 2", "passed", ""),
        ("assert 1 + 1 == 3, 'sums'", "failed", "AssertionError: sums"),
        ("1 / 0", "error", "ZeroDivisionError"),
        ("def f(:", "syntax_error", "line 1"),
        ("compile('def f(:', 'other', 'exec')", "error", "SyntaxError"),
        ("def f(): f()\nf()", "error", "RecursionError"),
        ("raise KeyboardInterrupt", "error", "KeyboardInterrupt"),
        ("input()", "error", "EOFError"),
        ("import sys; assert not sys.stdin.read()", "passed", ""),
        ("if __name__ == '__main__': assert False", "failed", ""),
        ("import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()", "passed", ""),
        ("import atexit, time; atexit.register(time.sleep, 600)", "passed", ""),
        ("x = 'r\\xe9sum\\xe9 \\u2192'; print(x); assert x.isprintable()", "passed", ""),
        ("raise ValueError('\\ud800')", "error", "ValueError: ?"),
        (
            "class E(Exception):\n    def __str__(self): raise RuntimeError\nraise E",
            "error",
            "E: (RuntimeError",
        ),
        ("def f():\r\n    return 1\r\nassert f() == 1\r\n", "passed", ""),
    ],
)
def test_how_programs_end(source: str, ending: str, said: str) -> None:
    verdict = run(source)
    assert (verdict.ending, said in verdict.detail) == (ending, True), verdict


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import sys; sys.exit(0)", "left with status 0"),
        ("import os; os._exit(0)", "left with status 0"),
        ("import os; os.closerange(0, 64)", "left with status"),
        ("print('{\"outcome\": \"passed\", \"detail\": \"\"}'); raise SystemExit", "left with"),
        (
            "import os\nfor n in range(3, 20):\n    try:\n"
            '        os.write(n, b\'{"outcome": "passed", "detail": "", "confined": true, "nonce": "1"}\')\n'
            "    except OSError: pass\nos._exit(0)",
            "claimed to have passed",
        ),
    ],
)  # fmt: skip
def test_who_leaves_before_the_tests_has_not_passed(source: str, said: str) -> None:
    verdict = run(source + "\nassert False")
    assert verdict.ending == "exited" and said in verdict.detail, verdict


def test_endless_loops_use_up_their_time() -> None:
    assert run("while True: pass", SHORT) == Verdict(
        ending="timeout", detail="used up its processor time", confined=True
    )


def test_sleepers_are_stopped_by_the_clock() -> None:
    verdict = run("import time; time.sleep(600)", Limits(wall_seconds=3))
    assert verdict.ending == "timeout" and "3 s" in verdict.detail


def test_memory_ends() -> None:
    assert run("x = bytearray(1 << 30)").ending == "memory"
    assert run("x = []\nwhile True: x.append(bytes(1 << 20))").ending == "memory"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_ten_gigabytes_of_output_are_not_waited_for(stream: str) -> None:
    before = psutil.Process().memory_info().rss
    verdict = run(f"import sys\nfor _ in range(10_000): sys.{stream}.write('x' * 1_000_000)")
    assert (verdict.ending, verdict.detail) == ("output_limit", "printed more than 1024 KiB")
    assert psutil.Process().memory_info().rss - before < 64 * MIB


def test_files_do_not_fill_the_disk() -> None:
    assert "File too large" in run("f = open('a', 'wb')\nwhile True: f.write(bytes(1 << 20))").detail
    many = "n = 0\nwhile True:\n    open(str(n), 'wb').write(bytes(1 << 20)); n = (n + 1) % 64"
    assert run(many).ending == "output_limit"
    empty = "n = 0\nwhile True:\n    open(str(n % 5000), 'wb').close(); n += 1"
    assert run(empty).ending == "output_limit"


def test_the_folder_is_there_to_be_used_and_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    source = (
        "import os, tempfile\n"
        "with tempfile.TemporaryFile() as f: f.write(b'x')\n"
        "open('kept', 'w').write('x'); os.rename('kept', 'moved'); assert open('moved').read() == 'x'\n"
        "os.remove('moved'); open('left', 'w').close()"
    )
    assert run(source) == Verdict(ending="passed", detail="", confined=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("confined")
def test_nothing_of_the_environment_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANFILL_TOKEN", "hush")
    assert run("import os; assert 'hush' not in repr(os.environ)").ending == "passed"
    source = f"import os; open('/proc/{os.getpid()}/environ').read()"
    assert "Permission denied" in run(source).detail


def test_the_program_finds_no_trace_of_the_evaluator() -> None:
    source = (
        "import sys\nassert not [m for m in sys.modules if m.startswith('lsp_server')]\nimport lsp_server"
    )
    found = run(source)
    root = str(Path(__file__).parents[2])
    installed = any(os.path.realpath(path) == root for path in _isolated_path())
    assert found.ending == ("passed" if installed else "error"), found


def _isolated_path() -> list[str]:
    code = "import sys; print('\\n'.join(sys.path))"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.usefixtures("confined")
class TestTheKernel:
    def test_fork_bombs_do_not_go_off(self) -> None:
        verdict = run("import os\nfor _ in range(20):\n    if os.fork() == 0: os._exit(0)")
        assert (verdict.ending, "PermissionError" in verdict.detail) == ("error", True), verdict

    @pytest.mark.parametrize("call", ["fork", "vfork"])
    def test_native_code_starts_no_process(self, call: str) -> None:
        number = REFUSED[call][0]
        if os.uname().machine != "x86_64":
            pytest.skip("these calls are x86-64's alone")
        source = f"import ctypes, os\npid = ctypes.CDLL(None).syscall({number})\n"
        assert run(source + "if pid == 0: os._exit(0)\nassert pid == -1").ending == "passed"

    def test_clone_makes_threads_and_no_processes(self) -> None:
        number = SEEN_INTO["clone"][0 if os.uname().machine == "x86_64" else 1]
        clone = f"import ctypes, os\npid = ctypes.CDLL(None).syscall({number}, 17, 0, 0, 0, 0)\n"
        assert run(clone + "if pid == 0: os._exit(0)\nassert pid == -1").ending == "passed"
        thread = "import threading\nr = []\nt = threading.Thread(target=r.append, args=(1,))\n"
        assert run(thread + "t.start(); t.join()\nassert r == [1]").ending == "passed"

    def test_programs_of_the_system_are_not_started(self) -> None:
        assert "PermissionError" in run("import subprocess; subprocess.run(['true'])").detail
        assert run("import os; assert os.system('true') != 0").ending == "passed"

    def test_other_processes_are_out_of_reach(self, victim: "subprocess.Popen[bytes]") -> None:
        for how in ("os.kill({}, 9)", "os.killpg({}, 9)", "import signal; signal.pidfd_send_signal({}, 9)"):
            assert "PermissionError" in run(f"import os; {how.format(victim.pid)}").detail
        source = f"import resource; resource.prlimit({victim.pid}, resource.RLIMIT_CPU, (1, 1))"
        assert "PermissionError" in run(source).detail
        assert victim.poll() is None

    def test_the_parent_lives(self) -> None:
        """The signal asked for would do nothing: it is whether it is refused that counts."""
        assert "PermissionError" in run("import os; os.kill(os.getppid(), 0)").detail

    @pytest.mark.parametrize(
        "attempt",
        [
            "os.remove(path)",
            "os.rename(path, 'mine')",
            "os.truncate(path, 0)",
            "open(path, 'w')",
            "open(path, 'a')",
            "open(path + '2', 'w')",
            "os.chmod(path, 0)",
            "os.utime(path)",
            "os.symlink(path, 'link')",
            "os.link(path, 'link')",
            "os.mkdir(path + '2')",
            "import shutil; shutil.rmtree(os.path.dirname(path))",
            "open('/proc/self/oom_score_adj', 'w').write('0')",
        ],
    )
    def test_files_elsewhere_stay_as_they_are(self, attempt: str, tmp_path: Path) -> None:
        path = tmp_path / "precious"
        path.write_text("kept", encoding="utf-8")
        verdict = run(f"import os\npath = {str(path)!r}\n{attempt}")
        # Landlock answers to links from elsewhere as if they led to another disk.
        refused = re.search("PermissionError|cross-device", verdict.detail)
        assert verdict.ending == "error" and refused, verdict
        assert path.read_text(encoding="utf-8") == "kept"
        assert [entry.name for entry in tmp_path.iterdir()] == ["precious"]

    def test_there_is_no_network(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            source = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
            assert "PermissionError" in run(source).detail
        assert "PermissionError" in run("import socket; socket.socket(socket.AF_UNIX)").detail

    def test_limits_are_not_raised(self) -> None:
        for name in ("AS", "CPU", "FSIZE"):
            source = f"import resource\nresource.setrlimit(resource.RLIMIT_{name}, (-1, -1))"
            assert run(source).ending == "error"


@pytest.fixture
def victim() -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.mark.parametrize(
    ("source", "ending", "said"),
    [
        ("const a = require('node:assert'); a.deepEqual([1], [1]);", "passed", ""),
        ("const a = require('node:assert'); a.deepEqual([1], [2]);", "failed", "AssertionError"),
        ("nothing();", "error", "ReferenceError"),
        ("let a = ;", "syntax_error", "SyntaxError"),
        ("process.exit(0);", "exited", "left with status 0"),
        ("require('fs').unlinkSync('/etc/hostname');", "error", "EACCES"),
        ("require('child_process').execFileSync('true');", "error", "EPERM"),
        ("process.kill(process.ppid, 0);", "error", "EPERM"),
    ],
)
@pytest.mark.usefixtures("confined")
def test_javascript_runs_where_node_is(source: str, ending: str, said: str) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    limits = Limits(cpu_seconds=20, wall_seconds=120)
    verdict = run_program(Program(source=source, language="javascript", interpreter=node), limits)
    assert (verdict.ending, said in verdict.detail) == (ending, True), verdict


HEADERS = {
    0: Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    1: Path("/usr/include/asm-generic/unistd.h"),
}


@pytest.mark.parametrize("column", HEADERS)
def test_call_numbers_are_the_kernels(column: int) -> None:
    if not HEADERS[column].is_file():
        pytest.skip("the kernel's headers are not installed")
    text = HEADERS[column].read_text(encoding="utf-8")
    numbers = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    newest = max(numbers.values())
    for name, columns in {**REFUSED, **SEEN_INTO}.items():
        if (columns[column] or 0) <= newest:
            assert numbers.get(name) == columns[column], name


@pytest.mark.parametrize(
    ("attempt", "refused"),
    [
        ("import socket; socket.socket()", True),
        ("import subprocess; subprocess.run(['true'])", True),
        ("os.fork()", True),
        ("os.kill(os.getppid(), 0)", True),
        ("os.remove(outside)", True),
        ("open(outside, 'w')", True),
        ("os.open(outside, os.O_RDWR)", True),
        ("os.rename(outside, 'mine')", True),
        ("os.mkdir(outside + '2')", True),
        ("import ctypes; ctypes.CDLL(None)", True),
        ("open('mine', 'w').write('x'); os.rename('mine', 'other'); os.remove('other')", False),
        ("open(outside).read()", False),
        ("open(os.devnull, 'w').write('x')", False),
        ("import json, random, heapq; json.dumps([1])", False),
    ],
)
def test_where_the_kernel_takes_no_part_accidents_are_stopped(
    attempt: str, refused: bool, tmp_path: Path
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.write_text("kept", encoding="utf-8")
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from lsp_server.evaluation.sandbox.guard import restrict\n"
        f"outside = {str(outside)!r}\nrestrict('.')\n{attempt}\n"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, root], cwd=inside, capture_output=True, text=True, check=False
    )
    assert ("the sandbox refuses" in done.stderr) is refused, done.stderr
    assert (done.returncode == 0) is not refused
    assert outside.read_text(encoding="utf-8") == "kept"
