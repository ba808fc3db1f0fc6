"""A model folder is there whole or not at all: written beside its place, checked, then renamed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from export.sources.base import storage_error
from runtime import store
from runtime.errors import UsageError
from runtime.manifest import load_manifest, verify_files


def check_vacant(folder: Path) -> None:
    """Refuse a place where something stands already.

    Raises:
        UsageError: it is a file, or a folder that isn't empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists already. Remove it, or name another place.")


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """An empty folder that takes the place of `folder` once it is filled and verified.

    Whatever is raised on the way, nothing is left behind, and what stood at `folder` stays.

    Raises:
        FetchError: the disk is full, or the place can't be written.
        ModelError: what was written is not a whole model folder.
    """
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        beside.mkdir()
        yield beside
        verify_files(beside, load_manifest(beside), thorough=True)
        if folder.exists():
            store.delete_folder(folder)
        beside.rename(folder)
    except OSError as error:
        raise storage_error(folder.parent, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
