"""Files out of archives: wheels, npm's tarballs, Debian's packages. Reading one runs none of its code."""

import re
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from runtime.errors import InputError

LANGUAGES = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "javascriptreact",
    ".ts": "typescript",
    ".tsx": "typescriptreact",
    ".rs": "rust",
    ".go": "go",
    ".c": "c",
    ".h": "cpp",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".hpp": "cpp",
    ".java": "java",
}
"""Language id by a file's suffix. A header is read as C++, which nearly all C is as well."""

LICENCE_NAME = re.compile(r"(^|/)(licen[sc]e|copying|copyright)[^/]*$", re.I)
LARGEST_BYTES = 4_000_000
"""Larger members are not read: no source file worth learning from is."""

_NO_SOURCE = re.compile(r"\.d\.[cm]?ts$|[.-]min\.[cm]?js$", re.I)

Wanted = Callable[[str], bool]


def language_of(path: str) -> str | None:
    """The language id of a source file; None for anything else, declarations and minified files among it."""
    return None if _NO_SOURCE.search(path) else LANGUAGES.get(Path(path).suffix)


def read_files(archive: Path, wanted: Wanted) -> list[tuple[str, bytes]]:
    """Path and bytes of each wanted file, in the order of their paths.

    Raises:
        InputError: the archive can't be read.
    """
    try:
        if archive.suffix in (".whl", ".zip"):
            found = list(_zipped(archive, wanted))
        elif archive.suffix == ".deb":
            found = list(_debian(archive, wanted))
        else:
            with tarfile.open(archive) as tar:
                found = list(_members(tar, wanted))
    except (OSError, tarfile.TarError, zipfile.BadZipFile, subprocess.CalledProcessError) as error:
        raise InputError(
            f"The archive {archive} can't be read ({error}). Remove it to fetch it again."
        ) from error
    return sorted(found)


def _zipped(path: Path, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if wanted(info.filename) and info.file_size <= LARGEST_BYTES:
                yield info.filename, archive.read(info)


def _debian(path: Path, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    command = ["dpkg-deb", "--fsys-tarfile", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield from _streamed(process.stdout, wanted)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _streamed(stream: IO[bytes], wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        yield from _members(tar, wanted)
    stream.read()  # what pads the stream, or the writer breaks off


def _members(tar: tarfile.TarFile, wanted: Wanted) -> Iterator[tuple[str, bytes]]:
    for member in tar:
        name = member.name.removeprefix("./")
        if member.isfile() and wanted(name) and member.size <= LARGEST_BYTES:
            file = tar.extractfile(member)
            assert file is not None, "a plain file can be read"
            yield name, file.read()
