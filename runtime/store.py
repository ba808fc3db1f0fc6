"""Where model folders and downloads live, and how a model's name becomes a folder.

Knows folders and manifests; does not know where models come from (that is `export/`) nor how
they run. An installed model is a folder that holds `spanfill.json`; names that start with a
dot are work in progress and never count.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.errors import FetchError, ManifestError, ModelError
from runtime.manifest import FILE_NAME, load_manifest

DEFAULT_MODEL = "qwen2.5-coder-0.5b"
"""The model used where none is named; `default` is its alias."""

DEFAULT_ALIAS = "default"


def home() -> Path:
    """Folder of everything spanfill stores: `$SPANFILL_HOME`, else the user's cache folder."""
    named = os.environ.get("SPANFILL_HOME")
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("spanfill", appauthor=False))


def models_folder() -> Path:
    """Folder whose sub-folders are the installed models."""
    return home() / "models"


def downloads_folder() -> Path:
    """Folder of the source checkpoints that models were made from."""
    return home() / "downloads"


def make_folders() -> None:
    """Create the folders of the store.

    Raises:
        FetchError: they can't be created or written.
    """
    try:
        for folder in (models_folder(), downloads_folder(), home() / "locks"):
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError(f"no permission to write {folder}")
    except OSError as error:
        raise FetchError(
            f"Models can't be stored in {home()} ({error}). "
            "Set SPANFILL_HOME to a folder that can be written."
        ) from error


@contextmanager
def lock(key: str, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock named `key` against other processes.

    Where another process has it, `waiting` is called once and the lock is waited for; with no
    `waiting`, that is an error.

    Raises:
        ModelError: another process has the lock and `waiting` is None.
    """
    from filelock import FileLock, Timeout

    make_folders()
    held = FileLock(home() / "locks" / f"{key}.lock")
    try:
        held.acquire(timeout=0)
    except Timeout:
        if waiting is None:
            raise ModelError(
                f"Another spanfill is working on {key}. Try again when it has finished."
            ) from None
        waiting()
        held.acquire()
    try:
        yield
    finally:
        held.release()


def canonical(name: str) -> str:
    """A model's name with the `default` alias replaced."""
    if name == DEFAULT_ALIAS or name.startswith(f"{DEFAULT_ALIAS}-"):
        return DEFAULT_MODEL + name.removeprefix(DEFAULT_ALIAS)
    return name


def installed() -> dict[str, Path]:
    """Names and folders of the installed models, in order of name."""
    try:
        entries = sorted(models_folder().iterdir())
    except OSError:
        return {}
    return {
        path.name: path for path in entries if not path.name.startswith(".") and (path / FILE_NAME).is_file()
    }


def resolve(name_or_path: str | Path | None = None) -> Path:
    """The folder of a model, given by name, by path, or not at all for the default model.

    An installed model's name wins over a folder of that name in the current directory.

    Raises:
        ModelError: no such model is installed.
    """
    if isinstance(name_or_path, Path):
        return _folder(name_or_path)
    name = canonical(name_or_path or DEFAULT_ALIAS)
    models = installed()
    if name in models:
        return models[name]
    if "/" in name or os.sep in name or name.startswith((".", "~")) or (Path(name) / FILE_NAME).is_file():
        return _folder(Path(name))
    have = f" Installed: {', '.join(models)}." if models else ""
    raise ModelError(
        f"The model {name!r} is not installed. "
        f"Run `spanfill models pull {name_or_path or DEFAULT_ALIAS}`.{have}"
    )


def _folder(path: Path) -> Path:
    path = path.expanduser().absolute()
    if not (path / FILE_NAME).is_file():
        raise ModelError(
            f"{path} is not a model folder: it has no {FILE_NAME}. Give the name of an installed model "
            "(`spanfill models list`) or the folder that `spanfill export` wrote."
        )
    return path


def remove(name: str) -> list[Path]:
    """Delete an installed model, and its download where no other installed model was made from it.

    Returns:
        The paths that are gone.

    Raises:
        ModelError: it is not installed, another process is pulling it, or it can't be deleted.
    """
    name = canonical(name)
    folder = installed().get(name)
    if folder is None:
        raise ModelError(f"The model {name!r} is not installed. `spanfill models list` shows what is.")
    try:
        file = load_manifest(folder).source.file
    except ManifestError:
        delete_folder(folder)
        return [folder]
    with lock(file):
        delete_folder(folder)
        return [folder, *_drop_download(file)]


def drop_download(file: str) -> list[Path]:
    """Delete a download and what is left of an unfinished one, unless an installed model needs it.

    Returns:
        The paths that are gone.
    """
    with lock(file):
        return _drop_download(file)


def _drop_download(file: str) -> list[Path]:
    for folder in installed().values():
        try:
            if load_manifest(folder).source.file == file:
                return []
        except ManifestError:
            continue
    gone = []
    for path in (downloads_folder() / file, downloads_folder() / f"{file}.part"):
        if Path(file).name == file and path.is_file():
            path.unlink()
            gone.append(path)
    return gone


def delete_folder(folder: Path) -> None:
    """Delete a model folder so that a half-deleted one never looks installed.

    Raises:
        ModelError: the system refuses.
    """
    doomed = folder.with_name(f".{folder.name}.removing")
    try:
        shutil.rmtree(doomed, ignore_errors=True)
        folder.rename(doomed)
        shutil.rmtree(doomed)
    except OSError as error:
        raise ModelError(
            f"{folder} can't be deleted ({error}). Close the programs that use the model and try again."
        ) from error
