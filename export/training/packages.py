"""The corpus's packages: a pinned list, their archives and their licences.

Knows wheels and pip; does not know what the source files are used for. Only wheels are read: they are
archives of files, and fetching or reading one runs none of its code.
"""

import email.header
import email.parser
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from runtime.errors import FetchError, InputError
from runtime.manifest import sha256_of

PERMISSIVE = frozenset({"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0"})
"""SPDX names of the licences that a package may have."""

VALIDATION_SHARE = 0.08
"""Share of the packages that are never trained on."""

_PLATFORM = ("--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64")
_PYTHON = ("--python-version", "3.11", "--implementation", "cp")

# What authors write in the free-text field and in classifiers, and what it means.
_SPELLINGS = (
    (re.compile(r"\bapache\b", re.I), "Apache-2.0"),
    (re.compile(r"\bmit\b|\bexpat\b", re.I), "MIT"),
    (re.compile(r"2-clause|simplified bsd", re.I), "BSD-2-Clause"),
    (re.compile(r"\bbsd\b|3-clause", re.I), "BSD-3-Clause"),
    (re.compile(r"\bisc\b", re.I), "ISC"),
    (re.compile(r"python software foundation|\bpsf", re.I), "PSF-2.0"),
)
_COPYLEFT = re.compile(r"gpl|gnu|mozilla|\bmpl|eupl|cddl|proprietary|commercial|sspl|business source", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of the corpus, pinned."""

    name: str
    version: str
    licence: str
    """SPDX expression, from the metadata; the archive holds the licence's text."""
    wheel: str
    """File name of the archive."""
    sha256: str
    split: str
    """`train` or `validation`."""


def read_list(path: Path) -> list[Package]:
    """The packages in a JSON list.

    Raises:
        InputError: the file is missing or is no such list.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [Package(**{key: entry[key] for key in Package.__slots__}) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"The package list {path} can't be read ({error}). Restore it from git.") from error


def write_list(path: Path, packages: Sequence[Package], kept: dict[str, tuple[int, int]]) -> None:
    """Write the list, with the files and bytes that the corpus kept of each package."""
    entries = [
        {**asdict(package), "files": kept[package.name][0], "bytes": kept[package.name][1]}
        for package in packages
    ]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def fetch(packages: Sequence[Package], folder: Path) -> None:
    """Get the archives that `folder` lacks, through pip, checked against their hashes.

    Raises:
        FetchError: pip can't get one, or its bytes are not the pinned ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [package for package in packages if not _is_right(folder / package.wheel, package.sha256)]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text(
            "".join(
                f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n" for package in missing
            )
        )
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += [*_PLATFORM, *_PYTHON, "--require-hashes", "--dest", str(folder), "-r", str(requirements)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        reason = next((line for line in run.stderr.splitlines() if "ERROR" in line), "no reason given")
        raise FetchError(
            f"pip could not fetch the corpus's packages ({reason}). Check the network and try again."
        )


def describe(wheel: Path) -> Package | None:
    """A wheel as an entry of the list, or None where its licence is not clearly permissive.

    Both must hold: the metadata name permissive licences only, and the archive has a licence's text.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        fields = email.parser.BytesParser().parsebytes(archive.read(metadata), headersonly=True)
        texts = [
            name for name in names if ".dist-info/" in name and re.search(r"licen[sc]e|copying", name, re.I)
        ]
    licence = spdx(
        str(fields.get("License-Expression", "")),
        str(fields.get("License", "")),
        [str(value) for value in fields.get_all("Classifier", []) if str(value).startswith("License")],
    )
    if licence is None or not texts:
        return None
    name = str(fields["Name"])
    share = int.from_bytes(hashlib.sha256(name.lower().encode()).digest()[:4]) / 2**32
    return Package(
        name=name,
        version=str(fields["Version"]),
        licence=licence,
        wheel=wheel.name,
        sha256=sha256_of(wheel),
        split="validation" if share < VALIDATION_SHARE else "train",
    )


def spdx(expression: str, free_text: str, classifiers: Sequence[str]) -> str | None:
    """The SPDX expression that metadata mean, or None where any part is not in `PERMISSIVE` or not known."""
    if expression:
        parts = re.split(r"\s+(?:AND|OR)\s+|[()]", expression)
        return expression if {part for part in parts if part} <= PERMISSIVE else None
    said = [free_text.strip().splitlines()[0]] if free_text.strip() else []
    said += [classifier for classifier in classifiers if not classifier.endswith("OSI Approved")]
    if any(_COPYLEFT.search(text) for text in said):
        return None
    for text in said:
        for pattern, name in _SPELLINGS:
            if pattern.search(text):
                return name
    return None


def python_sources(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each Python file of an archive, in the order of their paths."""
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(name for name in archive.namelist() if name.endswith(".py")):
            yield name, archive.read(name)


def _is_right(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256
