"""Rows that are done, kept in a file so that a run that was stopped goes on where it was.

One JSON object a line: first what the rows of a key were made with, then each row with its key. A file may
hold several keys; a run sees the rows of its own alone.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import cattrs

from lsp_server.evaluation.results import RowResult
from runtime import InputError

_CONVERTER = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)


def key_of(made_with: Mapping[str, Any]) -> str:
    """A short name for everything that decides a row's outcome."""
    text = json.dumps(made_with, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


class Ledger:
    """The rows of one key in a file, open for more."""

    def __init__(self, path: Path, made_with: Mapping[str, Any]) -> None:
        """Read what `path` has of these settings; make it where it isn't there.

        Raises:
            InputError: it can't be read or written, or a line in it is no row.
        """
        self.key = key_of(made_with)
        self.rows: dict[str, RowResult] = {}
        known = self._read(path)
        try:
            self._file: IO[bytes] = path.open("ab")
        except OSError as error:
            raise InputError(f"{path} can't be written ({error.strerror}).") from None
        if not known:
            self._write({"key": self.key, "made_with": dict(made_with)})

    def _read(self, path: Path) -> bool:
        """Take up the rows of this key, drop a last line that was cut off; whether the key was there."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise InputError(f"{path} can't be read ({error.strerror}).") from None
        whole = data.rfind(b"\n") + 1
        known = False
        for number, line in enumerate(data[:whole].split(b"\n")[:-1], 1):
            try:
                entry = json.loads(line)
                ours = entry["key"] == self.key
                row = _CONVERTER.structure(entry["row"], RowResult) if ours and "row" in entry else None
            except Exception as error:  # cattrs raises errors of many types; all mean a line that isn't ours
                raise InputError(
                    f"{path}, line {number}: not a row of an evaluation ({type(error).__name__}); "
                    "name another file for --out."
                ) from None
            known = known or ours
            if row is not None:
                self.rows[row.task_id] = row
        if whole < len(data):
            if not whole:
                raise InputError(f"{path} is not a file of an evaluation; name another one for --out.")
            os.truncate(path, whole)
        return known

    def add(self, row: RowResult) -> None:
        """Keep a row; it is on the disk when this returns."""
        self.rows[row.task_id] = row
        self._write({"key": self.key, "row": asdict(row)})

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry, ensure_ascii=False).encode("utf-8") + b"\n")
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
