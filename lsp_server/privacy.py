"""Which files are secret: by name, by `.spanfillignore`, and by `.gitignore` for names that hint at it.

Reads the two ignore files of the workspace's roots and no other file.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath

SECRET_GLOBS = (
    ".env",
    ".env.*",
    "*.env",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.p8",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.crt",
    "*.cer",
    "*.der",
    "*.asc",
    "*.gpg",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".htpasswd",
    ".git-credentials",
    ".ssh/",
    ".gnupg/",
    ".aws/credentials",
    ".docker/config.json",
    ".kube/config",
    "*.tfvars",
    "*.tfstate",
    "credentials.json",
    "secrets.*",
)
"""Names that are secret wherever they lie."""

_HINTS = re.compile(r"secret|credential|passw|token|private|apikey|api_key|\.env", re.IGNORECASE)


class Privacy:
    """The rules of one workspace."""

    def __init__(self, roots: Iterable[Path] = (), extra_globs: Iterable[str] = ()) -> None:
        self._roots = tuple(roots)
        self._always = Rules((*SECRET_GLOBS, *extra_globs))
        self._ignored = {root: Rules(_lines(root / ".spanfillignore")) for root in self._roots}
        self._git = {root: Rules(_lines(root / ".gitignore")) for root in self._roots}

    def secret(self, path: str) -> bool:
        """Whether nothing of this file may be read or suggested."""
        if self._always.match(path):
            return True
        for root in self._roots:
            inner = _inside(path, root)
            if inner is None:
                continue
            if self._ignored[root].match(inner):
                return True
            if _HINTS.search(PurePosixPath(inner).name) and self._git[root].match(inner):
                return True
        return False

    def matches(self, path: str, globs: tuple[str, ...]) -> bool:
        """Whether a path matches one of the globs, as a whole or from a root on."""
        rules = Rules(globs)
        inner = (_inside(path, root) for root in self._roots)
        return rules.match(path) or any(part is not None and rules.match(part) for part in inner)


class Rules:
    """Patterns as in a `.gitignore`, negation included; the last one that matches counts."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._rules = [rule for pattern in patterns if (rule := _compiled(pattern)) is not None]

    def match(self, path: str) -> bool:
        """Whether the rules ignore a path."""
        posix = path.replace("\\", "/").lstrip("/")
        ignored = False
        for regex, negated in self._rules:
            if ignored == negated and regex.search(posix):
                ignored = not negated
        return ignored


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[re.Pattern[str], bool] | None:
    pattern = pattern.strip()
    if not pattern or pattern.startswith("#"):
        return None
    negated = pattern.startswith("!")
    body = pattern[negated:].rstrip("/")
    anchored = "/" in body
    regex = "".join(_translated(body.lstrip("/")))
    head = "^" if anchored and not body.startswith("**/") and body.startswith("/") else "(?:^|/)"
    # Secrets are looked for on file systems that do not mind upper case.
    return re.compile(f"{head}{regex}(?:/|$)", re.IGNORECASE), negated


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


def _inside(path: str, root: Path) -> str | None:
    """A path from a root on; None where it lies elsewhere."""
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
