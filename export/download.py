"""Gets a pinned checkpoint into the downloads folder: whole, right, or not at all.

Knows the order of the sources, the space needed and the hash to expect; does not know how a
source works or what becomes of the file. The caller holds the checkpoint's lock.
"""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from export.catalogue import Checkpoint
from export.sources.base import Partial, Progress, Source, SourceUnavailable, storage_error
from export.sources.hub import Hub
from export.sources.mirror import Mirror
from runtime import store
from runtime.errors import FetchError
from runtime.manifest import sha256_of

log = logging.getLogger(__name__)

_SLACK_BYTES = 128 << 20
"""What an installer needs for the slice it is fetching, and a little room to live in."""


def default_sources() -> tuple[Source, ...]:
    """Where to look, in order, where the user names no file."""
    return (Hub(), Mirror())


def obtain(
    checkpoint: Checkpoint,
    sources: Sequence[Source],
    *,
    spare_bytes: int = 0,
    progress: Progress,
) -> Path:
    """The checkpoint's path in the downloads folder, fetched if it is not there.

    Args:
        sources: where to look, in order.
        spare_bytes: space that must be left over for what is made from it.

    Raises:
        FetchError: no source delivers, the bytes are wrong, or the disk is full.
    """
    store.make_folders()
    target = store.downloads_folder() / checkpoint.file
    part = target.with_name(f"{target.name}.part")
    have = target.is_file()
    if have:
        progress("Checking the SHA-256", 0.0)
        if not _is_right(target, checkpoint):
            target.unlink()
            have = False
    fetched = part.stat().st_size if part.is_file() else 0
    if fetched > checkpoint.bytes:
        part.unlink()
        fetched = 0
    _check_space(spare_bytes + _SLACK_BYTES + (0 if have else checkpoint.bytes - fetched))
    if not have:
        _fetch(checkpoint, part, sources, progress)
        part.replace(target)
    return target


def _is_right(path: Path, checkpoint: Checkpoint) -> bool:
    return path.stat().st_size == checkpoint.bytes and sha256_of(path) == checkpoint.sha256


def _fetch(checkpoint: Checkpoint, part: Path, sources: Sequence[Source], progress: Progress) -> None:
    """Leave the whole, right file at `part`."""
    refusals: list[str] = []
    for source in sources:
        try:
            _fetch_from(source, checkpoint, part, progress)
        except SourceUnavailable as refusal:
            refusals.append(f"{source.label}: {refusal}")
            log.info("%s can't be used: %s", source.label, refusal)
        else:
            return
    if part.is_file() and part.stat().st_size == 0:
        part.unlink()
    raise FetchError(
        f"No source of {checkpoint.file} could be used ({'; '.join(refusals)}). "
        f"Check the network and try again, or download {checkpoint.url} on another machine "
        "and run `spanfill models pull NAME --from FILE`."
    )


def _fetch_from(source: Source, checkpoint: Checkpoint, part: Path, progress: Progress) -> None:
    label = f"Fetching {checkpoint.bytes / 1e6:,.0f} MB from {source.label}"
    for _ in range(2):
        try:
            partial = Partial(part, checkpoint.bytes, lambda fraction: progress(label, fraction))
        except OSError as error:
            raise storage_error(part.parent, error) from error
        resumed = partial.size > 0
        with partial:
            if not partial.complete:
                # Its own stage: a source that can't be reached never shows a bar of bytes.
                progress(f"Asking {source.label}", 0.0)
                source.fetch(checkpoint, partial)
            if not partial.complete:
                raise SourceUnavailable(f"it sends only {partial.size:,} of {checkpoint.bytes:,} bytes")
        progress("Checking the SHA-256", 0.0)
        if _is_right(part, checkpoint):
            return
        part.unlink()
        if not resumed:
            break
        # What an earlier pull left may have been damaged: once more, from the start.
    raise FetchError(
        f"What {source.label} sends for {checkpoint.file} is refused and was deleted: its SHA-256 is not "
        f"{checkpoint.sha256}. Something between you and the source alters it; "
        f"try another network, or download {checkpoint.url} yourself and pull it with `--from FILE`."
    )


def _check_space(needed_bytes: int) -> None:
    folder = store.downloads_folder()
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise FetchError(
            f"Not enough disk space: {needed_bytes / 1e9:.1f} GB are needed in {store.home()}, "
            f"but only {free / 1e9:.1f} GB are free. Free some space there, "
            "or set SPANFILL_HOME to a folder on another disk."
        )
