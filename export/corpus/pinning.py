"""Pins the archives of a folder: what is clearly permissive goes on the list, with version and hash."""

from collections.abc import Iterator
from pathlib import Path

from export.corpus.packages import write_list
from export.corpus.registries import describe
from runtime.errors import InputError

_REGISTRY = {".whl": "pypi", ".tgz": "npm", ".deb": "debian"}


def pin(archives: Path, out: Path) -> Iterator[str]:
    """Write the list; gives a line for each archive that is left out, and why.

    Raises:
        InputError: the folder holds no archive of a known registry.
    """
    paths = sorted(path for path in archives.iterdir() if path.suffix in _REGISTRY)
    if not paths:
        raise InputError(f"{archives} holds no wheel, npm tarball or Debian package.")
    found = []
    for path in paths:
        try:
            package = describe(path, _REGISTRY[path.suffix])
        except InputError as error:
            yield f"left out: {error}"
            continue
        if package is None:
            yield f"left out: the licence of {path.name} is not clearly permissive"
        else:
            found.append(package)
    found.sort(key=lambda package: (package.registry, package.name.lower()))
    write_list(out, found, dict.fromkeys((package.archive for package in found), (0, 0)))
    yield f"{out}: {len(found)} packages"
