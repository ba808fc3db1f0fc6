"""The packages of a corpus: a pinned list, and what their licences are.

Knows names, hashes and licences; registries and archives are other modules'.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from runtime.errors import InputError

PERMISSIVE = frozenset({"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "PSF-2.0"})
"""SPDX names of the licences that a package may have."""

VALIDATION_SHARE = 0.08
"""Share of the packages that are never trained on."""

# What authors write in free-text fields and classifiers, and what it means.
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

    registry: str
    """`pypi`, `npm` or `debian`."""
    name: str
    version: str
    licence: str
    """SPDX expression, from the metadata; the archive holds the licence's text."""
    archive: str
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


def write_list(path: Path, packages: Sequence[Package], kept: Mapping[str, tuple[int, int]]) -> None:
    """Write the list, with the files and bytes that the corpus kept of each archive."""
    entries = [
        {**asdict(package), "files": kept[package.archive][0], "bytes": kept[package.archive][1]}
        for package in packages
    ]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def split_of(name: str) -> str:
    """The side of a package: by its name, so that new versions and other packages change nothing."""
    share = int.from_bytes(hashlib.sha256(name.lower().encode()).digest()[:4]) / 2**32
    return "validation" if share < VALIDATION_SHARE else "train"


def spdx(expression: str, free_text: str = "", classifiers: Sequence[str] = ()) -> str | None:
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
