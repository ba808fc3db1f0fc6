"""Finds a folder's weights files and holds the index to its word."""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from export.checkpoints.folder import MOST_JSON_BYTES, Folder, parse_object, read_text
from export.checkpoints.pickles import TorchFile
from export.checkpoints.safetensors import SafetensorsFile
from export.checkpoints.shard import Shard, ShardedTensors
from runtime.errors import ModelFileError

log = logging.getLogger(__name__)

WHOLE = ("model.safetensors", "pytorch_model.bin")
INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
SAFETENSORS_SUFFIX = ".safetensors"
TORCH_SUFFIXES = (".bin", ".pt", ".pth")
NOT_WEIGHTS = ("training_args", "optimizer", "scheduler", "scaler", "rng_state")
"""How the names begin of what trainers leave beside the weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The weights of a folder."""

    tensors: ShardedTensors
    file: str
    """The index, or the one weights file."""
    paths: tuple[Path, ...]
    """Every weights file, in the order of their names."""


def choose_weights(names: Collection[str], where: Path | str) -> str:
    """Name of the index or the single weights file among a folder's file names, as transformers chooses.

    Raises:
        ModelFileError: there is none, or it is unclear which.
    """
    for whole, index in zip(WHOLE, INDEXES, strict=True):
        if whole in names:
            return whole
        if index in names:
            return index
    for suffixes in ((SAFETENSORS_SUFFIX,), TORCH_SUFFIXES):
        found = sorted(name for name in names if name.endswith(suffixes) and not name.startswith(NOT_WEIGHTS))
        if len(found) == 1:
            return found[0]
        if found:
            raise ModelFileError(
                f"{where} holds {len(found)} weights files ({found[0]} …) but no index that says which "
                f"tensor is where: {INDEXES[suffixes is TORCH_SUFFIXES]} is missing."
            )
    ggufs = sorted(name for name in names if name.endswith(".gguf"))
    if ggufs:
        raise ModelFileError(
            f"{where} holds GGUF files ({', '.join(ggufs[:3])}): name one of them, as a file."
        )
    raise ModelFileError(
        f"{where} holds no weights: no {WHOLE[0]} or {WHOLE[1]}, in one file or sharded with an index."
    )


def read_index(path: Path) -> tuple[dict[str, str], int | None]:
    """Shard of each tensor, and the total size the index claims, in bytes.

    Raises:
        ModelFileError: it is malformed, or names something that is no weights file of a folder.
    """
    index = parse_object(read_text(path, MOST_JSON_BYTES), path, unique=True)
    weight_map, metadata = index.get("weight_map"), index.get("metadata")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ModelFileError(f"{path} has no `weight_map`, so it is not an index. Download it again.")
    suffixes = (SAFETENSORS_SUFFIX,) if SAFETENSORS_SUFFIX in path.name else TORCH_SUFFIXES
    for name, file in weight_map.items():
        if not isinstance(file, str) or not file.endswith(suffixes):
            raise ModelFileError(f"{path} says that {name!r} is in {file!r}, which is not a weights file.")
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    return weight_map, total if type(total) is int else None


def open_weights(folder: Folder) -> Weights:
    """Open the weights of `folder`: headers are read and checked, values are not.

    Raises:
        RuntimeSetupError: they are PyTorch files and torch is missing or unsafe.
        ModelFileError: a file is missing or damaged, or the index and the files disagree.
    """
    name = choose_weights(folder.names(), folder.path)
    if not name.endswith(".json"):
        shard = _open_shard(_existing(folder, name))
        return Weights(tensors=ShardedTensors([shard]), file=name, paths=(shard.path,))
    index = _existing(folder, name)
    weight_map, total_bytes = read_index(index)
    paths = [_existing(folder, file, index) for file in sorted(set(weight_map.values()))]
    shards = [_open_shard(path) for path in paths]
    tensors = ShardedTensors(shards)
    for shard in shards:
        _compare(index, weight_map, shard)
    _compare_size(index, total_bytes, shards)
    return Weights(tensors=tensors, file=name, paths=tuple(paths))


def _existing(folder: Folder, name: str, index: Path | None = None) -> Path:
    path = folder.find(name)
    if path is None:
        because = f", which {index.name} names" if index is not None else ""
        raise ModelFileError(f"{folder.path} lacks the file {name}{because}. Download it as well.")
    return path


def _open_shard(path: Path) -> Shard:
    return SafetensorsFile(path) if path.name.endswith(SAFETENSORS_SUFFIX) else TorchFile(path)


def _compare(index: Path, weight_map: dict[str, str], shard: Shard) -> None:
    promised = {name for name, file in weight_map.items() if file == shard.path.name}
    for name in sorted(promised - shard.tensors.keys()):
        raise ModelFileError(
            f"{index} says that {shard.path.name} holds the tensor {name!r}, but it does not: "
            "the files are not of one checkpoint. Download it again."
        )
    for name in sorted(shard.tensors.keys() - promised):
        raise ModelFileError(
            f"{shard.path} holds the tensor {name!r}, which {index.name} does not place there: "
            "the files are not of one checkpoint. Download it again."
        )


def _compare_size(index: Path, total_bytes: int | None, shards: list[Shard]) -> None:
    # Only a warning: published indexes differ here by tied tensors or by another number type, and
    # nothing is allocated by this figure.
    found = sum(info.bytes for shard in shards for info in shard.tensors.values())
    if total_bytes is not None and total_bytes != found:
        log.warning("%s claims %s bytes of tensors; there are %s.", index, f"{total_bytes:,}", f"{found:,}")
