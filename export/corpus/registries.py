"""Gets archives from the registries, each by its ordinary client, and says what is in one.

Fetching runs none of a package's code: wheels only from PyPI, npm's `pack`, apt's `download`.
"""

import email.parser
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from export.corpus.archives import LICENCE_NAME, read_files
from export.corpus.packages import Package, spdx, split_of
from runtime.errors import FetchError, InputError
from runtime.manifest import sha256_of

_PLATFORM = ("--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64")
_PYTHON = ("--python-version", "3.11", "--implementation", "cp")

# Debian's short names (copyright-format 1.0) for what SPDX calls otherwise.
_DEBIAN_NAMES = {
    "expat": "MIT",
    "mit": "MIT",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "apache-2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "isc": "ISC",
}


def fetch(packages: Sequence[Package], folder: Path) -> None:
    """Get the archives that `folder` lacks, checked against their hashes.

    Raises:
        FetchError: a client is missing or can't get one, or its bytes are not the pinned ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for registry, get in _CLIENTS.items():
        missing = [
            package
            for package in packages
            if package.registry == registry and not _is_right(folder / package.archive, package.sha256)
        ]
        if missing:
            get(missing, folder)
        for package in missing:
            if not _is_right(folder / package.archive, package.sha256):
                raise FetchError(
                    f"{package.archive} of {registry} is not what the list pins: its SHA-256 differs. "
                    "Take the package off the list, or pin the new archive after reading it."
                )


def describe(archive: Path, registry: str) -> Package | None:
    """An archive as an entry of a list, or None where its licence is not clearly permissive.

    Both must hold: the metadata name permissive licences only, and the archive has a licence's text.

    Raises:
        InputError: the archive can't be read.
    """
    files = dict(read_files(archive, lambda name: bool(_DESCRIBES[registry].search(name))))
    try:
        name, version, licence = _READERS[registry](archive, files)
    except (StopIteration, KeyError, ValueError) as error:
        raise InputError(f"{archive} does not describe itself as packages of {registry} do.") from error
    if licence is None or not any(LICENCE_NAME.search(path) or "licenses/" in path for path in files):
        return None
    return Package(
        registry=registry,
        name=name,
        version=version,
        licence=licence,
        archive=archive.name,
        sha256=sha256_of(archive),
        split=split_of(name),
    )


def _from_pypi(packages: Sequence[Package], folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        lines = (f"{each.name}=={each.version} --hash=sha256:{each.sha256}\n" for each in packages)
        requirements.write_text("".join(lines))
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += [*_PLATFORM, *_PYTHON, "--require-hashes", "--dest", str(folder), "-r", str(requirements)]
        _run(command, "pip", folder)


def _from_npm(packages: Sequence[Package], folder: Path) -> None:
    for package in packages:
        command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
        _run([*command, f"{package.name}@{package.version}"], "npm", folder)


def _from_debian(packages: Sequence[Package], folder: Path) -> None:
    names = [f"{package.name}={package.version}" for package in packages]
    _run(["apt-get", "download", "-qq", *names], "apt-get", folder)


def _run(command: Sequence[str], client: str, folder: Path) -> None:
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise FetchError(f"{client}, which fetches a part of the corpus, is not installed.") from None
    if run.returncode:
        reason = next(
            (line for line in run.stderr.splitlines() if "ERR" in line or "E:" in line), "no reason"
        )
        raise FetchError(
            f"{client} could not fetch the corpus's packages ({reason.strip()}). "
            "Check the network and try again."
        )


_CLIENTS: Mapping[str, Callable[[Sequence[Package], Path], None]] = {
    "pypi": _from_pypi,
    "npm": _from_npm,
    "debian": _from_debian,
}
REGISTRIES = tuple(_CLIENTS)

Files = Mapping[str, bytes]
Described = tuple[str, str, str | None]


def _wheel(_: Path, files: Files) -> Described:
    metadata = next(raw for path, raw in files.items() if path.endswith(".dist-info/METADATA"))
    fields = email.parser.BytesParser().parsebytes(metadata, headersonly=True)
    licence = spdx(
        str(fields.get("License-Expression", "")),
        str(fields.get("License", "")),
        [str(value) for value in fields.get_all("Classifier", []) if str(value).startswith("License")],
    )
    return str(fields["Name"]), str(fields["Version"]), licence


def _npm(_: Path, files: Files) -> Described:
    fields = json.loads(files["package/package.json"])
    licence = fields.get("license")
    return fields["name"], fields["version"], spdx(licence) if isinstance(licence, str) and licence else None


def _deb(archive: Path, files: Files) -> Described:
    name, version, _ = archive.stem.split("_")
    text = next(raw for path, raw in files.items() if path.endswith("/copyright")).decode("utf-8", "replace")
    return name, version.replace("%3a", ":"), _debian_licence(text)


def _debian_licence(text: str) -> str | None:
    """The licences of all files but Debian's own, where the copyright file is machine-readable."""
    found: set[str] = set()
    for paragraph in re.split(r"\n\s*\n", text):
        files = re.search(r"^Files:\s*(.+)$", paragraph, re.M)
        licence = re.search(r"^License:[ \t]*(\S.*)$", paragraph, re.M)
        if files is None or files.group(1).strip() == "debian/*":
            continue
        if licence is None:
            return None
        # Any one of alternatives may be chosen; of licences that hold together, all must do.
        for part in re.split(r"\s+and\s+", licence.group(1).strip(), flags=re.I):
            choices = [_DEBIAN_NAMES.get(name.lower()) for name in re.split(r"\s+or\s+", part, flags=re.I)]
            chosen = next((choice for choice in choices if choice), None)
            if chosen is None:
                return None
            found.add(chosen)
    return " AND ".join(sorted(found)) or None


_READERS: Mapping[str, Callable[[Path, Files], Described]] = {"pypi": _wheel, "npm": _npm, "debian": _deb}
_DESCRIBES = {
    "pypi": re.compile(r"\.dist-info/(METADATA$|licenses/|[^/]*(licen[sc]e|copying))", re.I),
    "npm": re.compile(r"^package/(package\.json|[^/]*(licen[sc]e|copying)[^/]*)$", re.I),
    "debian": re.compile(r"^usr/share/doc/[^/]+/copyright$"),
}


def _is_right(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256
