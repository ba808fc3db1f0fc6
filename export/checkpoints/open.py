"""Opens a checkpoint wherever it is: a folder, a GGUF file, a repository on the hub."""

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from export.checkpoints.base import Checkpoint
from export.checkpoints.folder import Folder
from export.checkpoints.hub import fetch_checkpoint
from export.checkpoints.special import read_special
from export.checkpoints.tokenizer import read_tokenizer
from export.checkpoints.weights import open_weights
from export.decoder import Progress
from export.sources.repository import HubRepository
from runtime.errors import ModelFileError, UsageError
from runtime.manifest import Source

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(@[\w./-]{1,255})?", re.ASCII)

MOST_CONFIG_BYTES = 4 << 20
_HASH_BYTES = 1 << 22


def open_checkpoint(
    where: str | Path, *, revision: str | None = None, progress: Progress, endpoint: str | None = None
) -> Checkpoint:
    """Open a checkpoint as data; its headers are checked now, its tensors when they are read.

    Args:
        where: an existing folder or GGUF file, or a repository on the Hugging Face hub, `owner/name` or
            `owner/name@revision`. What exists as a path is a path.
        revision: branch, tag or commit of a repository on the hub; None takes the one in `where`, else main.
        progress: told each stage and how much of it is done.
        endpoint: address of the hub; None takes `HF_ENDPOINT`, else the public one.

    Raises:
        UsageError: there is no such path, and `where` is no repository's name; or a revision of a local one.
        FetchError: the hub can't be reached and its cache lacks the checkpoint, or it can't be stored.
        RuntimeSetupError: the weights are PyTorch files and torch is missing or unsafe.
        ModelFileError: a file is missing, damaged, contradicts another one, or wants to run code.
    """
    path = Path(where).expanduser()
    if _exists(path):
        if revision is not None:
            raise UsageError(f"{where} is on this machine, so it has no revision; leave the revision out.")
        return _open_folder(path, None, progress) if path.is_dir() else _open_gguf(path, progress)
    if not (isinstance(where, str) and _HUB_ID.fullmatch(where)) or where.endswith(".gguf"):
        raise UsageError(
            f"There is no folder or file {where}, and it is not the name of a repository on the hub "
            "(owner/name)."
        )
    name, _, named = where.partition("@")
    if named and revision not in (None, named):
        raise UsageError(f"{where} names the revision {named!r}, but {revision!r} was asked for as well.")
    repository = HubRepository(name, revision or named or None, progress=progress, endpoint=endpoint)
    return _open_folder(fetch_checkpoint(repository, progress), repository, progress)


def _exists(path: Path) -> bool:
    try:
        return os.path.lexists(path)
    except ValueError:  # a NUL in it
        return False


def _open_folder(path: Path, repository: HubRepository | None, progress: Progress) -> Checkpoint:
    progress("Reading the checkpoint's settings", 0.0)
    folder = Folder(path)
    config = folder.json_object("config.json", most_bytes=MOST_CONFIG_BYTES)
    if config is None:
        raise ModelFileError(f"{path} is not a checkpoint's folder: it has no config.json.")
    tokenizer = read_tokenizer(folder, config)
    special = read_special(folder)
    weights = open_weights(folder)
    return Checkpoint(
        path=path,
        config=config,
        tensors=weights.tensors,
        tokenizer=tokenizer,
        special=special,
        source=Source(
            repository=repository.name if repository else path.resolve().name,
            revision=repository.revision if repository else "",
            file=weights.file,
            sha256=_sha256_over(weights.paths, progress),
        ),
    )


def _open_gguf(path: Path, progress: Progress) -> Checkpoint:
    from export.gguf.tokenizer import build_tokenizer
    from export.gguf.view import GgufView

    if not path.is_file():
        raise UsageError(f"{path} is neither a folder nor a file.")
    if path.suffix != ".gguf":
        raise UsageError(
            f"{path} is not a GGUF file (.gguf). A checkpoint of another format is named by its folder, "
            "which holds the config.json and the tokenizer as well."
        )
    progress("Reading the checkpoint's settings", 0.0)
    view = GgufView(path)
    tokenizer = build_tokenizer(view.file)
    special: dict[str, Any] = view.special()
    return Checkpoint(
        path=path,
        config=view.config,
        tensors=view,
        tokenizer=tokenizer,
        special=special,
        source=Source(
            repository=path.stem, revision="", file=path.name, sha256=_sha256_over([path], progress)
        ),
    )


def _sha256_over(paths: Sequence[Path], progress: Progress) -> str:
    """Hex SHA-256 of the files one after another: for a single file, that file's own."""
    label = "Hashing the weights"
    digest = hashlib.sha256()
    try:
        total, done = sum(path.stat().st_size for path in paths), 0
        for path in paths:
            with path.open("rb") as file:
                while chunk := file.read(_HASH_BYTES):
                    digest.update(chunk)
                    done += len(chunk)
                    progress(label, min(1.0, done / total))
    except OSError as error:
        raise ModelFileError(f"{paths[0].parent} can't be read ({error}).") from error
    return digest.hexdigest()
