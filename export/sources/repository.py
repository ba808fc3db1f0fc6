"""One revision of a repository on the hub, fetched file by file into the hub's own local cache.

`huggingface_hub` does the fetching, so its cache, token, offline switch and endpoint hold. Where the
hub can't be reached, what the cache has of the revision is used.
"""

import contextlib
import errno
import logging
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from export.sources.base import Progress, is_disk_full
from export.sources.deadline import in_time
from runtime.errors import FetchError

log = logging.getLogger(__name__)

CONNECT_SECONDS = 8.0
"""Longest wait for the list of a repository's files."""
POLL_SECONDS = 0.2

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][\w.-]{0,254}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")


class HubRepository:
    """A model repository at one commit. Only files of its top folder are seen."""

    def __init__(
        self, name: str, revision: str | None, *, progress: Progress, endpoint: str | None = None
    ) -> None:
        """Find out which commit `revision` (None: main) is and which files it has.

        Raises:
            FetchError: the hub has no such repository or revision, or can't be reached and the local
                cache has nothing of it.
        """
        from huggingface_hub import constants

        self.name = name
        self._endpoint = endpoint
        self._wanted = revision or constants.DEFAULT_REVISION
        self.offline = bool(constants.HF_HUB_OFFLINE)
        if self.offline:
            self._read_cache("HF_HUB_OFFLINE is set")
            return
        progress(f"Asking Hugging Face for {name}", 0.0)
        try:
            info = in_time(self._ask, CONNECT_SECONDS)
        except Exception as error:  # requests' or httpx's errors, by the release of huggingface_hub
            refusal = self._refusal(error)
            if refusal is not None:
                raise refusal from error
            self.offline = True
            self._read_cache(f"the hub can't be reached: {_reason(error)}")
            return
        self.revision = str(info.sha)
        if not _COMMIT.fullmatch(self.revision):
            raise FetchError(
                f"The hub answers with {self.revision!r} where the commit of {name} is expected."
            )
        self.files: Mapping[str, int] = {
            file.rfilename: int(file.size or 0)
            for file in info.siblings or ()
            if _PLAIN_NAME.fullmatch(file.rfilename)
        }
        self._remember_revision()

    def fetch(self, file: str, progress: Progress) -> Path:
        """Path of `file` in the local cache, fetched if it is not there.

        Raises:
            FetchError: it can't be fetched or stored.
        """
        from huggingface_hub import hf_hub_download

        def download() -> str:
            with _quiet_bars():
                return hf_hub_download(
                    self.name,
                    file,
                    revision=self.revision,
                    endpoint=self._endpoint,
                    local_files_only=self.offline,
                )

        size = self.files.get(file, 0)
        label = f"Fetching {file}"
        progress(label, 0.0)
        try:
            path = _watched(download, lambda: progress(label, min(1.0, self._arriving() / max(size, 1))))
        except Exception as error:  # see __init__
            raise self._failed(file, error) from error
        progress(label, 1.0)
        return Path(path)

    def reserve(self, files: Sequence[str]) -> None:
        """Refuse before gigabytes are fetched that the disk has no room for.

        Raises:
            FetchError: the disk is too full for what is still missing of `files`.
        """
        if self.offline:
            return
        folder = self._cache_folder()
        snapshot = folder / "snapshots" / self.revision
        needed = sum(self.files[file] for file in files if not (snapshot / file).is_file())
        nearest = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
        free = shutil.disk_usage(nearest).free
        if free < needed:
            raise FetchError(
                f"Not enough disk space: {needed / 1e9:.1f} GB of {self.name} are missing, but only "
                f"{free / 1e9:.1f} GB are free in {nearest}. Free some space there, or set HF_HOME to a "
                "folder on another disk."
            )

    def _ask(self) -> Any:
        from huggingface_hub import HfApi

        api = HfApi(endpoint=self._endpoint)
        return api.model_info(self.name, revision=self._wanted, files_metadata=True, timeout=CONNECT_SECONDS)

    def _cache_folder(self) -> Path:
        from huggingface_hub import constants

        return Path(constants.HF_HUB_CACHE) / f"models--{self.name.replace('/', '--')}"

    def _read_cache(self, why: str) -> None:
        """Take commit and files from what an earlier fetch left."""
        folder = self._cache_folder()
        revision = self._wanted
        if not _COMMIT.fullmatch(revision):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                revision = (folder / "refs" / self._wanted).read_text(encoding="utf-8").strip()
        snapshot = folder / "snapshots" / revision
        if not (_COMMIT.fullmatch(revision) and snapshot.is_dir()):
            raise FetchError(
                f"{self.name} can't be fetched ({why}), and the local cache has nothing of its revision "
                f"{self._wanted}. Try again with a network, or download it elsewhere and name its folder."
            )
        self.revision = revision
        self.files = {path.name: path.stat().st_size for path in snapshot.iterdir() if path.is_file()}
        log.info("%s is taken from the local cache: %s", self.name, why)

    def _remember_revision(self) -> None:
        """Note which commit a branch or tag is, for when there is no network, as the library does."""
        if self._wanted == self.revision:
            return
        reference = self._cache_folder() / "refs" / self._wanted
        if (self._cache_folder() / "refs").resolve() not in reference.resolve().parents:
            return
        try:
            reference.parent.mkdir(parents=True, exist_ok=True)
            reference.write_text(self.revision, encoding="utf-8")
        except OSError as error:
            log.info("%s can't be written: %s", reference, error)

    def _arriving(self) -> int:
        """Bytes of the file being fetched that are there already."""
        sizes = [0]
        with contextlib.suppress(OSError):  # the file is renamed when it is whole
            sizes += [path.stat().st_size for path in (self._cache_folder() / "blobs").glob("*.incomplete")]
        return max(sizes)

    def _refusal(self, error: Exception) -> FetchError | None:
        """The error for an answer that no cache should hide; None where the hub gave no answer."""
        from huggingface_hub import errors

        page = f"https://huggingface.co/{self.name}"
        if isinstance(error, errors.GatedRepoError):
            return FetchError(
                f"{self.name} is given only to those who accepted its terms: accept them at {page}, "
                "then sign in with `hf auth login`."
            )
        if isinstance(error, errors.RepositoryNotFoundError):
            return FetchError(
                f"The hub has no model {self.name}, or it is private: check the name at {page}, "
                "and sign in with `hf auth login` if it is private."
            )
        if isinstance(error, errors.RevisionNotFoundError):
            return FetchError(
                f"{self.name} has no revision {self._wanted!r}. See {page}/tree/main for its branches."
            )
        if isinstance(error, errors.HFValidationError):
            return FetchError(f"{self.name!r} can't be the name of a repository on the hub.")
        return None

    def _failed(self, file: str, error: Exception) -> FetchError:
        if isinstance(error, OSError) and (is_disk_full(error) or error.errno in (errno.EACCES, errno.EROFS)):
            return FetchError(
                f"{file} of {self.name} can't be stored in {self._cache_folder()} ({error.strerror}). "
                "Free some space there, or set HF_HOME to a folder that has room and can be written."
            )
        refusal = self._refusal(error)
        if refusal is not None:
            return refusal
        if self.offline:
            return FetchError(
                f"The local cache lacks the file {file} of {self.name}, and the hub can't be asked. "
                "Try again with a network."
            )
        return FetchError(
            f"The file {file} of {self.name} can't be fetched ({_reason(error)}). "
            "Try again: what is there already is kept."
        )


def _watched(work: Callable[[], str], report: Callable[[], None]) -> str:
    """Run `work` in a thread and call `report` now and then until it is done."""
    answers: list[str] = []
    faults: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(work())
        except BaseException as error:  # handed to the waiting thread, which raises it
            faults.append(error)

    thread = threading.Thread(target=run, name="spanfill-hub-file", daemon=True)
    thread.start()
    while True:
        thread.join(POLL_SECONDS)
        if not thread.is_alive():
            break
        report()
    if faults:
        raise faults[0]
    return answers[0]


@contextlib.contextmanager
def _quiet_bars() -> Iterator[None]:
    """Without the library's own progress bars, which would run across ours."""
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__
