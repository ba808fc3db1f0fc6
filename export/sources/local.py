"""A checkpoint that the user already has as a file. It is read and never changed."""

from pathlib import Path

from export.catalogue import Checkpoint
from export.sources.base import CHUNK_BYTES, Partial, SourceUnavailable
from runtime.errors import FetchError, UsageError
from runtime.manifest import sha256_of


class LocalFile:
    """A file named with `--from`."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.label = str(self.path)

    def check(self, checkpoint: Checkpoint) -> None:
        """Refuse a file that is not the checkpoint, byte for byte.

        Raises:
            UsageError: there is no such file.
            FetchError: it has another size or another SHA-256, or can't be read.
        """
        if not self.path.is_file():
            raise UsageError(f"There is no file {self.path}.")
        try:
            size = self.path.stat().st_size
            if size != checkpoint.bytes:
                raise FetchError(
                    f"{self.path} has {size:,} bytes, but {checkpoint.file} has {checkpoint.bytes:,}: it is "
                    f"incomplete or another file. Download it again from {checkpoint.url}."
                )
            found = sha256_of(self.path)
        except OSError as error:
            raise FetchError(f"{self.path} can't be read ({error}).") from error
        if found != checkpoint.sha256:
            raise FetchError(
                f"{self.path} is refused: its SHA-256 is {found}, but that of {checkpoint.file} is "
                f"{checkpoint.sha256}. Download it again from {checkpoint.url}."
            )

    def fetch(self, checkpoint: Checkpoint, partial: Partial) -> None:
        """Copy the bytes that `partial` lacks."""
        try:
            with self.path.open("rb") as file:
                file.seek(partial.size)
                while chunk := file.read(CHUNK_BYTES):
                    partial.write(chunk)
        except OSError as error:
            raise SourceUnavailable(f"it can't be read: {error}") from error
        if not partial.complete:
            raise SourceUnavailable(f"it has fewer than {checkpoint.bytes:,} bytes")
