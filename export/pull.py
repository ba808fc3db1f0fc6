"""`spanfill models pull`: from a name to an installed model folder, or to nothing at all.

Puts the steps in order: lock, fetch, convert beside the final place, verify, rename. Does not
know how a checkpoint is fetched nor how it is converted.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from export.catalogue import Entry, find
from export.download import default_sources, obtain
from export.sources.base import Progress, Source
from export.sources.local import LocalFile
from export.staging import staging
from runtime import store
from runtime.errors import ModelError
from runtime.manifest import Manifest, load_manifest, verify_files
from runtime.manifest import Source as ManifestSource


class Convert(Protocol):
    """What turns a GGUF checkpoint into the files of a model folder."""

    def __call__(
        self,
        gguf: Path,
        out: Path,
        *,
        name: str,
        quantization: str,
        vocabulary: str | None,
        source: ManifestSource,
        licence: str,
        progress: Callable[[str, float], None],
    ) -> Manifest:
        """Fill the existing, empty folder `out`."""
        ...


def pull(
    name: str = store.DEFAULT_ALIAS,
    *,
    local: Path | None = None,
    quantization: str | None = None,
    vocabulary: str | None = None,
    progress: Progress,
    convert: Convert | None = None,
    sources: Sequence[Source] | None = None,
) -> Path:
    """Install a model of the catalogue and return its folder; an installed, whole one is left alone.

    Args:
        name: `default`, a catalogue name, or such a name with a quantisation (`NAME-int4`).
        local: make it from this file instead of fetching the checkpoint.
        quantization: of the weights; None takes the name's, else the default one.
        vocabulary: `ascii` or `full`, the tokens the head can answer with; None leaves it to the converter.
        progress: told each stage and how much of it is done.
        convert: the converter; None takes `export.convert.convert_gguf`.
        sources: where to look for the checkpoint; None takes the usual ones.

    Raises:
        UsageError: an argument names something that does not exist.
        FetchError: the checkpoint can't be fetched, is not the right one, or can't be stored.
        ModelError: what was converted is not a whole model folder.
    """
    entry, quantization_ = find(name, quantization)
    folder = store.models_folder() / entry.folder_name(quantization_)

    def waiting() -> None:
        progress(f"Waiting for another spanfill that is working on {entry.name}", 0.0)

    if local is not None:
        progress(f"Checking {local.name}", 0.0)
        file = LocalFile(local)
        file.check(entry.checkpoint)
        sources = (file,)
    with store.lock(entry.checkpoint.file, waiting):
        if _is_ready(folder, vocabulary):
            progress(f"{folder.name} is already installed", 1.0)
            return folder
        gguf = obtain(
            entry.checkpoint,
            default_sources() if sources is None else sources,
            spare_bytes=entry.folder_bytes(quantization_),
            progress=progress,
        )
        convert = convert or _converter()
        with staging(folder) as beside:
            convert(
                gguf,
                beside,
                name=folder.name,
                quantization=quantization_,
                vocabulary=vocabulary,
                source=_source_of(entry),
                licence=entry.licence,
                progress=progress,
            )
            progress("Checking the model folder", 0.0)
        progress(f"Installed {folder.name}", 1.0)
    return folder


def _converter() -> Convert:
    # Delayed: it brings numpy, the tokenizer and the graph writer.
    from export.convert import convert_gguf

    return convert_gguf


def _is_ready(folder: Path, vocabulary: str | None) -> bool:
    """Whether the folder holds a whole model with the wanted vocabulary."""
    try:
        manifest = load_manifest(folder)
        verify_files(folder, manifest)
    except ModelError:
        return False
    return vocabulary in (None, manifest.graph.vocabulary)


def _source_of(entry: Entry) -> ManifestSource:
    checkpoint = entry.checkpoint
    return ManifestSource(
        repository=checkpoint.repository,
        revision=checkpoint.revision,
        file=checkpoint.file,
        sha256=checkpoint.sha256,
    )
