"""A checkpoint's folder: names that stay inside it, files of sane size, JSON that is an object.

Everything a checkpoint names is refused unless it is a plain file of this folder: what an index
says must not decide which files of a machine are read.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.errors import ModelFileError

_PLAIN_NAME = re.compile(r"[^\x00-\x1f\x7f/\\:\ud800-\udfff]{1,255}")

MOST_JSON_BYTES = 64 << 20
"""No settings file or index comes near this; a tokenizer.json does, and has its own bound."""


class Folder:
    """The files of one folder, by plain name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._root = path.resolve()
        # The hub's cache keeps each file once, under blobs/, and links to it from snapshots/COMMIT/.
        inside_cache = self._root.parent.name == "snapshots"
        self._blobs = self._root.parent.parent / "blobs" if inside_cache else None

    def names(self) -> list[str]:
        """Names of the files in the folder itself, sorted."""
        try:
            return sorted(entry.name for entry in self.path.iterdir() if entry.is_file())
        except OSError as error:
            raise ModelFileError(f"{self.path} can't be listed ({error}).") from error

    def find(self, name: str) -> Path | None:
        """Path of the file `name`, or None where the folder has none.

        Raises:
            ModelFileError: the name, or the link behind it, leaves the folder.
        """
        if not _PLAIN_NAME.fullmatch(name) or name in {".", ".."}:
            raise ModelFileError(
                f"{self.path} names the file {name!r}, which is not a plain file name: it is refused, "
                "because a checkpoint may only name files of its own folder."
            )
        path = self.path / name
        if not path.is_file():
            return None
        real = path.resolve()
        if real.parent not in (self._root, self._blobs):
            raise ModelFileError(
                f"{path} is a link that leaves the checkpoint's folder, which is refused. "
                "Put the file itself there."
            )
        return path

    def json_object(self, name: str, *, most_bytes: int = MOST_JSON_BYTES) -> dict[str, Any] | None:
        """The JSON object in the file `name`, or None where the folder has no such file.

        Raises:
            ModelFileError: it is too big, no UTF-8, no JSON, or no object.
        """
        path = self.find(name)
        return None if path is None else parse_object(read_text(path, most_bytes), path)


def read_text(path: Path, most_bytes: int) -> str:
    """The UTF-8 text of a file.

    Raises:
        ModelFileError: it can't be read, is too big, or is no UTF-8.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(most_bytes + 1)
    except OSError as error:
        raise ModelFileError(f"{path} can't be read ({error}).") from error
    if len(raw) > most_bytes:
        raise ModelFileError(f"{path} has more than {most_bytes:,} bytes, too many for such a file.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path} is not UTF-8 text ({error.reason}). Download it again.") from error


def parse_object(text: str, where: Path | str, *, unique: bool = False) -> dict[str, Any]:
    """The JSON object that `text` is.

    Args:
        text: the JSON text.
        where: named in errors.
        unique: refuse an object that has one key twice, where taking either would be a guess.

    Raises:
        ModelFileError: it is no JSON, no object, or has a key twice.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique if unique else None)
    except _TwiceError as error:
        raise ModelFileError(
            f"{where} names {error.key!r} twice, so it can't be trusted. Download it again."
        ) from error
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise ModelFileError(f"{where} is not JSON ({reason}). Download it again.") from error
    if not isinstance(value, dict):
        raise ModelFileError(f"{where} holds a JSON {_kind(value)} where an object is expected.")
    return value


class _TwiceError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _unique(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _TwiceError(key)
        result[key] = value
    return result


def _kind(value: object) -> str:
    names = {list: "array", str: "string", bool: "true or false", int: "number", float: "number"}
    return names.get(type(value), "null")
