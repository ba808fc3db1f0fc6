"""Extensions as files that an editor installs: ours as its own scripts package it, and the tests' probe."""

import os
import subprocess
import zipfile
from pathlib import Path

import places

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "editors/vscode"
PROBE = Path(__file__).parent / "probe"
PATIENCE_S = 900

MADE = {"node_modules", "dist", "build"}
"""Folders of the extension that its scripts make."""


def package(into: Path) -> Path:
    """Build and package the extension, unless that was done since its sources last changed."""
    made = into / "spanfill.vsix"
    newest = max(path.stat().st_mtime for path in _sources())
    if made.is_file() and made.stat().st_mtime > newest:
        return made
    into.mkdir(parents=True, exist_ok=True)
    node = places.node()
    lock, installed = SOURCE / "package-lock.json", SOURCE / "node_modules/.package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        _run(*places.npm(node), "ci", "--no-audit", "--no-fund")
    _run(str(node), str(SOURCE / "node_modules/@vscode/vsce/vsce"), "package", "--out", str(made))
    return made


def probe(into: Path) -> Path:
    """Package the probe: a .vsix is a zip archive with the extension in a folder of that name."""
    made = into / "probe.vsix"
    with zipfile.ZipFile(made, "w") as archive:
        for path in PROBE.iterdir():
            archive.write(path, f"extension/{path.name}")
    return made


def _sources() -> list[Path]:
    found = []
    for folder, folders, files in os.walk(SOURCE):
        folders[:] = [name for name in folders if name not in MADE]
        found += [Path(folder) / name for name in files if not name.endswith((".vsix", ".md"))]
    return found


def _run(*command: str) -> None:
    path = f"{places.node().parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command,
        cwd=SOURCE,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
