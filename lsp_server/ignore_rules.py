"""Patterns as in a `.gitignore`, and the files that hold them.

Globs to regular expressions, and which of them count for a path. Knows nothing of what they are for.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

_Stamp = tuple[int, int, int]
_VERDICTS_KEPT = 4096
_LARGEST_BYTES = 1 << 20
"""More than this of an ignore file is not read."""


class Rules:
    """Patterns in order, negation included; the last one that matches counts.

    What lies in an ignored folder is ignored, whatever later patterns say of it (gitignore(5)).
    """

    def __init__(self, patterns: Iterable[str], *, anchored: bool = False) -> None:
        """With `anchored`, a pattern with a slash inside counts from the root, as in an ignore file."""
        self._rules = [rule for pattern in patterns if (rule := _compiled(pattern, anchored)) is not None]
        self._verdicts: dict[str, bool | None] = {}

    def match(self, path: str) -> bool:
        """Whether the rules ignore a path."""
        return bool(self.verdict(path))

    def verdict(self, path: str) -> bool | None:
        """Whether the rules ignore a path or take it in again; None where they say nothing of it."""
        if not self._rules:
            return None
        try:  # another thread may clear them at any time
            return self._verdicts[path]
        except KeyError:
            if len(self._verdicts) >= _VERDICTS_KEPT:
                self._verdicts.clear()
            verdict = self._verdicts[path] = self._judge(path)
            return verdict

    def _judge(self, path: str) -> bool | None:
        posix = path.replace("\\", "/").lstrip("/")
        verdict: bool | None = None
        for end in (*_slashes(posix), len(posix)):
            part = posix[:end]
            for regex, negated in self._rules:
                if verdict is not (not negated) and regex.search(part):
                    verdict = not negated
            if verdict:
                return True
        return verdict


def _slashes(path: str) -> Iterator[int]:
    at = path.find("/")
    while at >= 0:
        yield at
        at = path.find("/", at + 1)


@lru_cache(maxsize=1024)
def _compiled(pattern: str, from_root: bool) -> tuple[re.Pattern[str], bool] | None:
    pattern = pattern.strip()
    if not pattern or pattern.startswith("#"):
        return None
    negated = pattern.startswith("!")
    body = pattern[negated:].rstrip("/")
    anchored = body.startswith("/") or (from_root and "/" in body and not body.startswith("**/"))
    regex = "".join(_translated(body.lstrip("/")))
    # Secrets are looked for on file systems that do not mind upper case.
    return re.compile(f"{'^' if anchored else '(?:^|/)'}{regex}$", re.IGNORECASE), negated


def _translated(glob: str) -> Iterable[str]:
    index = 0
    while index < len(glob):
        if glob.startswith("**/", index):
            yield "(?:[^/]+/)*"
            index += 3
        elif glob.startswith("**", index):
            yield ".*"
            index += 2
        elif glob[index] == "*":
            yield "[^/]*"
            index += 1
        elif glob[index] == "?":
            yield "[^/]"
            index += 1
        elif glob[index] == "[" and "]" in glob[index + 2 :]:
            end = glob.index("]", index + 2)
            inner = glob[index + 1 : end].replace("\\", "\\\\")
            yield "[" + ("^" + inner[1:] if inner[0] in "!^" else inner) + "]"
            index = end + 1
        else:
            yield re.escape(glob[index])
            index += 1


class IgnoreFiles:
    """The files of one name in a folder and below it, read again whenever one has changed."""

    def __init__(self, root: Path, name: str) -> None:
        self._root = root
        self._name = name
        self._read: dict[str, tuple[_Stamp | None, Rules]] = {}

    def match(self, inner: str) -> bool:
        """Whether they ignore a path, given from the root on. The deepest file that names it counts."""
        ignored = False
        for start in (0, *(at + 1 for at in _slashes(inner))):
            verdict = self._rules(inner[:start]).verdict(inner[start:])
            if verdict is not None:
                ignored = verdict
        return ignored

    def _rules(self, folder: str) -> Rules:
        path = self._root / folder / self._name
        stamp = _stamp(path)
        known = self._read.get(folder)
        if known is None or known[0] != stamp:
            lines = _lines(path) if stamp is not None else []
            known = self._read[folder] = stamp, Rules(lines, anchored=True)
        return known[1]


def _stamp(path: Path) -> _Stamp | None:
    """What changes with a file's text; None where there is no file."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _lines(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(_LARGEST_BYTES).splitlines()
    except (OSError, ValueError):
        return []
