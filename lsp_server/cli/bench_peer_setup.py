"""Gets llama.cpp and the GGUF file onto this machine, when asked for the comparison and never before.

llama.cpp comes as node-llama-cpp's prebuilt binary, through the user's own npm, into the store's `peers`
folder. Does not know what is measured with it.
"""

import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from runtime import store
from runtime.errors import FetchError, RuntimeSetupError, UsageError
from runtime.manifest import Manifest, sha256_of

VERSION = "3.22.1"
"""Of node-llama-cpp; pinned, so that figures of different days compare with the same llama.cpp."""
OLDEST_NODE = 20
DOWNLOAD_MB = 85

Progress = Callable[[str, float], None]

_PLATFORMS = {
    ("Linux", "x86_64"): "linux-x64",
    ("Linux", "aarch64"): "linux-arm64",
    ("Darwin", "arm64"): "mac-arm64-metal",
    ("Darwin", "x86_64"): "mac-x64",
    ("Windows", "AMD64"): "win-x64",
    ("Windows", "ARM64"): "win-arm64",
}
"""The binding's names of the systems that it has a binary for."""


def peer_folder() -> Path:
    """Where the binding is, once it is installed."""
    return store.home() / "peers" / f"node-llama-cpp-{VERSION}"


def find_node() -> str:
    """The Node.js to run the binding with.

    Raises:
        RuntimeSetupError: there is none, or it is too old.
    """
    node = shutil.which("node")
    wish = f"llama.cpp runs here through node-llama-cpp, which needs Node.js {OLDEST_NODE} or newer"
    if node is None:
        raise RuntimeSetupError(f"{wish}. Install it and put `node` and `npm` on the PATH.")
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)", told)
    if version is None or int(version[1]) < OLDEST_NODE:
        raise RuntimeSetupError(f"{wish}; {node} is {told.strip() or 'of no known version'}.")
    return node


def install(progress: Progress) -> Path:
    """The folder with the binding, installed through npm if it is not there yet.

    Raises:
        RuntimeSetupError: there is no npm, or no binary for this system.
        FetchError: npm could not install it.
    """
    folder = peer_folder()
    if folder.is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeSetupError("llama.cpp is installed with npm, and there is none on the PATH.")
    system = (platform.system(), platform.machine())
    if system not in _PLATFORMS:
        raise RuntimeSetupError(f"node-llama-cpp has no prebuilt llama.cpp for {' '.join(system)}.")
    packages = [f"node-llama-cpp@{VERSION}", f"@node-llama-cpp/{_PLATFORMS[system]}@{VERSION}"]
    with store.lock(folder.name, lambda: progress("Waiting for another spanfill that installs it", 0.0)):
        if folder.is_dir():
            return folder
        progress(f"Installing llama.cpp (node-llama-cpp {VERSION}, {DOWNLOAD_MB} MB) into {folder}", 0.0)
        beside = folder.with_name(f".{folder.name}.partial")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        try:
            _npm_install(npm, beside, packages)
            beside.rename(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        progress("llama.cpp is installed", 1.0)
    return folder


def _npm_install(npm: str, folder: Path, packages: list[str]) -> None:
    done = subprocess.run(
        [
            *(npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel", "error"),
            # No script of a package runs, and of the binaries only this system's is taken.
            *("--ignore-scripts", "--omit=optional", "--no-package-lock", *packages),
        ],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        reason = next((line for line in lines if "error" in line.lower()), "no reason given")
        raise FetchError(f"npm could not install {packages[0]} ({reason}). Check the network and try again.")


def find_gguf(manifest: Manifest, named: Path | None, progress: Progress) -> tuple[Path, bool]:
    """The GGUF file to give to llama.cpp, and whether it is the one that the model was made from.

    It is the file that was named, or the one that `models pull` keeps, fetched again by the same way if
    it is gone.

    Raises:
        UsageError: the named file is not there, or the model's source is not known.
        FetchError: it can't be fetched.
    """
    if manifest.kind != "hybrid":
        raise UsageError(
            f"llama.cpp runs causal models; {manifest.name} is {manifest.kind}. Leave out --peer, "
            "or name another model."
        )
    if named is not None:
        path = named.expanduser().absolute()
        if not path.is_file():
            raise UsageError(f"There is no file {path}.")
        progress(f"Checking {path.name}", 0.0)
        return path, sha256_of(path) == manifest.source.sha256
    from export.catalogue import CATALOGUE
    from export.download import default_sources, obtain

    for entry in CATALOGUE:
        if entry.checkpoint.sha256 == manifest.source.sha256:
            with store.lock(entry.checkpoint.file, lambda: progress("Waiting for another spanfill", 0.0)):
                return obtain(entry.checkpoint, default_sources(), progress=progress), True
    raise UsageError(
        f"{manifest.name} was made from {manifest.source.file or 'an unknown file'}, "
        "which can't be fetched by name. Give the GGUF file with --peer-model FILE."
    )
