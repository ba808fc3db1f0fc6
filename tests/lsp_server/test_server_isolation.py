"""What a serving process must never do: reach the network, run a workspace's code, print, log source text."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from raw import Raw

SERVE = ("-m", "lsp_server.cli.main", "serve")
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

WATCHED = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname",
           "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile",
           "urllib.Request")  # fmt: skip
GUARD = """
import os, sys

def guard(event, arguments):
    if event in {watched!r}:
        with open({log!r}, "a") as log:
            log.write(event + "\\n")
        raise PermissionError(event)

sys.addaudithook(guard)
"""
EVIL = "import os\nopen(os.environ['EVIL_LOG'], 'a').write(__name__ + '\\n')\n"
EVIL_NAMES = ("numpy", "onnxruntime", "tokenizers", "tree_sitter_python", "secrets", "statistics", "psutil")
"""Modules that the server imports once it runs."""

SOURCE = "def zebra_total(items):\n    result = 0.0\n    for item in items:\n        \n    return result\n"


class Watched:
    """A server in a hostile workspace, all of whose doings are written down."""

    def __init__(self, folder: Path) -> None:
        self.denied, self.evil = folder / "denied", folder / "evil"
        self.workspace = folder / "workspace"
        self.workspace.mkdir()
        for name in EVIL_NAMES:
            (self.workspace / f"{name}.py").write_text(EVIL)
        guard = folder / "guard"
        guard.mkdir()
        text = GUARD.format(watched=WATCHED, log=str(self.denied))
        (guard / "sitecustomize.py").write_text(text)
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(guard), str(Path(__file__).parents[2])]),
            "EVIL_LOG": str(self.evil),
            "SPANFILL_HOME": str(folder / "home"),
        }

    async def start(self, *arguments: str) -> Raw:
        return await Raw.start(*SERVE, *arguments, cwd=self.workspace, env=self.environment)

    @staticmethod
    def lines(path: Path) -> list[str]:
        return path.read_text().split() if path.exists() else []


def network_sockets(pid: int) -> list[str]:
    """The process's sockets that the kernel's tables of network sockets know, with their local address."""
    own = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        target = str(link.readlink())
        if target.startswith("socket:["):
            own.add(target[8:-1])
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in own:
                found.append(fields[1])
    return found


async def used(raw: Raw, uri: str) -> list[Any]:
    """A whole conversation with a real model; answers what the model wrote."""
    raw.open(SOURCE, uri)
    where = {"textDocument": {"uri": uri}, "position": {"line": 3, "character": 8}}
    span = {"start": {"line": 1, "character": 0}, "end": {"line": 4, "character": 17}}
    change = {"range": {"start": where["position"], "end": where["position"]}, "text": "z"}
    document = {"uri": uri, "version": 2}
    written = []
    for kind in (2, 1):
        answer = await raw.ask(
            "textDocument/inlineCompletion", {**where, "context": {"triggerKind": kind}}, f"inline{kind}"
        )
        written.append(answer["result"]["items"])
    raw.send(
        {
            "method": "textDocument/didChange",
            "params": {"textDocument": document, "contentChanges": [change]},
        }
    )
    for mode in ("line", "function"):
        answer = await raw.ask("spanfill/fill", {**where, "mode": mode, "maxTokens": 8}, f"fill{mode}")
        written.append(answer["result"]["text"])
    await raw.ask(
        "textDocument/codeAction",
        {"textDocument": {"uri": uri}, "range": span, "context": {"diagnostics": []}},
    )
    broken = {"textDocument": {"uri": uri}, "range": "zebra", "mode": "zebra"}
    assert "error" in await raw.ask("spanfill/fill", broken, "broken")
    raw.send({"method": "textDocument/didChange", "params": {"contentChanges": [{"text": "zebra"}]}})
    assert "result" in await raw.ask("workspace/executeCommand", {"command": "spanfill.showStats"}, "stats")
    return written


@LINUX
async def test_serving_reaches_no_network_and_runs_nothing_of_the_workspace(
    tiny_model: Path, tmp_path: Path
) -> None:
    watched = Watched(tmp_path)
    raw = await watched.start("--stdio", "--model", str(tiny_model))
    await raw.initialize({"completion": {"debounceMs": 0}})
    while (await raw.until("spanfill/status"))["state"] != "ready":
        pass
    written = await used(raw, (watched.workspace / "module.py").as_uri())
    assert any(written), "the model was not asked"
    assert network_sockets(raw.process.pid) == []
    assert (await raw.ask("shutdown"))["result"] is None
    raw.send({"method": "exit"})
    rest, logged = await raw.process.communicate()
    assert raw.process.returncode == 0
    assert rest == b""
    assert watched.lines(watched.denied) == []
    assert watched.lines(watched.evil) == []
    assert b"zebra" not in logged


@LINUX
async def test_a_listening_server_has_its_one_address_and_no_other(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    environment = {
        key: value for key, value in watched.environment.items() if key not in ("EVIL_LOG", "PYTHONPATH")
    }
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *SERVE,
        *("--tcp", "127.0.0.1:0"),
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=environment,
    )
    assert process.stderr is not None
    async with asyncio.timeout(Raw.patience_s):
        line = (await process.stderr.readline()).decode()
    (address,) = network_sockets(process.pid)
    assert address.split(":")[0] == "0100007F"  # 127.0.0.1 in the kernel's byte order
    assert f":{int(address.split(':')[1], 16)}," in line
    process.terminate()
    output, _ = await process.communicate()
    assert output == b""


async def test_the_guard_of_these_tests_would_see_it(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    code = (
        "import socket, subprocess\n"
        "reach = lambda: socket.create_connection(('127.0.0.1', 9))\n"
        "for deed in (reach, lambda: subprocess.run(['true'])):\n"
        "    try: deed()\n"
        "    except PermissionError: pass\n"
        "import numpy\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=watched.workspace, env=watched.environment
    )
    await process.wait()
    assert set(watched.lines(watched.denied)) >= {"socket.getaddrinfo", "subprocess.Popen"}
    assert watched.lines(watched.evil) == ["numpy"]
