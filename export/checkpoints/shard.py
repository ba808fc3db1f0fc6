"""What a weights file gives, whatever its format, and a store made of several."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from export.decoder import Array
from runtime.errors import ModelFileError


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorInfo:
    """What a file says of one tensor before its values are read."""

    shape: tuple[int, ...]
    dtype: str
    """The format's own name of the number type."""
    bytes: int
    """Size in the file."""


class Shard(Protocol):
    """One weights file."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def tensors(self) -> Mapping[str, TensorInfo]:
        """What the file holds."""
        ...

    def read(self, name: str) -> Array:
        """The tensor `name` of this file as float32.

        Raises:
            ModelFileError: its values can't be used.
        """
        ...

    def close(self) -> None:
        """Let go of what reading keeps open; the next read opens it again."""
        ...


class ShardedTensors:
    """A `TensorStore` over one or more weights files; at most one is held open."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        """Take the tensors of all `shards` together.

        Raises:
            ModelFileError: two of them hold a tensor of the same name.
        """
        self._shards: dict[str, Shard] = {}
        self._open: Shard | None = None
        for shard in shards:
            for name in shard.tensors:
                if name in self._shards:
                    raise ModelFileError(
                        f"Both {self._shards[name].path.name} and {shard.path.name} in {shard.path.parent} "
                        f"hold the tensor {name!r}, so which one counts is unknown. "
                        "Download the checkpoint again."
                    )
                self._shards[name] = shard

    def names(self) -> Collection[str]:
        """Every tensor's name."""
        return self._shards.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, without reading it.

        Raises:
            ModelFileError: there is no such tensor.
        """
        return self._find(name).tensors[name].shape

    def tensor(self, name: str) -> Array:
        """A tensor as float32 in C order, in memory of its own.

        Raises:
            ModelFileError: there is no such tensor, or its values can't be used.
        """
        shard = self._find(name)
        if self._open is not None and self._open is not shard:
            self._open.close()
        self._open = shard
        return shard.read(name)

    def _find(self, name: str) -> Shard:
        shard = self._shards.get(name)
        if shard is None:
            raise ModelFileError(
                f"The checkpoint has no tensor {name!r}: it is incomplete or of another model family."
            )
        return shard


def not_finite(path: Path, name: str) -> ModelFileError:
    """The error for a tensor with a NaN or an infinity in it."""
    return ModelFileError(
        f"The tensor {name!r} in {path} has values that are not finite numbers (NaN or infinite), "
        "so the checkpoint is damaged or its training failed. Download it again or use another one."
    )


def not_float(path: Path, name: str, dtype: str) -> ModelFileError:
    """The error for a tensor of a number type that weights can't be read from."""
    return ModelFileError(
        f"The tensor {name!r} in {path} holds {dtype} numbers; weights can be read from 16, 32 and 64-bit "
        "floating-point numbers. Use a checkpoint that is not quantised."
    )
