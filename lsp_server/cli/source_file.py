"""A source file on disk: read as UTF-8 text, and written back without losing anything.

What is written keeps the file's byte-order mark, line breaks and permissions, appears at once as a
whole, and never takes the place of text that somebody else wrote meanwhile. Knows files; does not
know code.
"""

import codecs
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import InputError

LARGEST_BYTES = 64_000_000
"""Files beyond this are data, not source."""

_OTHER_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file's text as it was when it was read."""

    path: Path
    text: str
    data: bytes
    """The very bytes, mark included."""

    @property
    def mark(self) -> bytes:
        """The byte-order mark the file begins with, or nothing."""
        return codecs.BOM_UTF8 if self.data.startswith(codecs.BOM_UTF8) else b""

    def write(self, text: str) -> None:
        """Put `text` in the file's place.

        Raises:
            InputError: the file has changed since it was read, or can't be written.
        """
        path = self.path.resolve()  # a link stays a link
        try:
            before = path.stat()
            draft = _draft_beside(path, self.mark + text.encode("utf-8"))
            try:
                shutil.copymode(path, draft)
                if path.read_bytes() != self.data:
                    raise InputError(f"{self.path} has changed since it was read; nothing was written.")
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
            if path.stat().st_mtime_ns <= before.st_mtime_ns:
                # Build tools take a file that is not newer for unchanged; the old time may lie ahead.
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))
        except OSError as error:
            raise InputError(f"{self.path} can't be written ({_reason(error)}).") from error

    def check_writable(self) -> None:
        """Find out before the work whether it could be written.

        Raises:
            InputError: the file is read-only.
        """
        if not os.access(self.path, os.W_OK):
            raise InputError(f"{self.path} is read-only.")


def _draft_beside(path: Path, data: bytes) -> Path:
    """A new file with `data`, safely on the disk."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def read_source(path: Path) -> SourceFile:
    """Read a UTF-8 file, with or without a byte-order mark.

    Raises:
        InputError: there is no such file, or it is not text.
    """
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder, not a file.")
        size = path.stat().st_size
        if not path.is_file():
            raise InputError(f"{path} is a device or a pipe, not a file.")
        if size > LARGEST_BYTES:
            raise InputError(f"{path} is larger than {LARGEST_BYTES // 1_000_000} MB: too large for source.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except OSError as error:
        raise InputError(f"{path} can't be read ({_reason(error)}).") from error
    if data.startswith(_OTHER_MARKS):
        raise InputError(f"{path} is UTF-16 or UTF-32 text; only UTF-8 can be filled.")
    if b"\0" in data:
        raise InputError(f"{path} is a binary file: it holds NUL bytes.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path} is not UTF-8 text (line {line} has a byte that is not).") from None
    return SourceFile(path=path, text=text, data=data)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
