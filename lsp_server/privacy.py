"""Which files are secret: by name, by `.spanfillignore`, and by `.gitignore` for names that hint at it.

Reads the two kinds of ignore files in the workspace and no other file.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from lsp_server.ignore_rules import IgnoreFiles, Rules

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
    """The rules of one workspace. A change of an ignore file counts from the next question on."""

    def __init__(self, roots: Iterable[Path] = (), extra_globs: Iterable[str] = ()) -> None:
        self._roots = tuple(roots)
        self._always = Rules((*SECRET_GLOBS, *extra_globs))
        self._ignored = {root: IgnoreFiles(root, ".spanfillignore") for root in self._roots}
        self._git = {root: IgnoreFiles(root, ".gitignore") for root in self._roots}

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

    def readable(self, path: str) -> bool:
        """Whether a file that the user has not opened may be read: it lies in the workspace, is no secret,
        and is not ignored."""
        inside = [(root, inner) for root in self._roots if (inner := _inside(path, root)) is not None]
        if not inside or self.secret(path):
            return False
        return not any(self._git[root].match(inner) for root, inner in inside)

    def matches(self, path: str, globs: tuple[str, ...]) -> bool:
        """Whether a path matches one of the globs, as a whole or from a root on."""
        rules = Rules(globs)
        inner = (_inside(path, root) for root in self._roots)
        return rules.match(path) or any(part is not None and rules.match(part) for part in inner)


def _inside(path: str, root: Path) -> str | None:
    """A path from a root on; None where it lies elsewhere."""
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return None
