"""What every reader of checkpoints gives: a configuration, named tensors, a tokenizer.

Knows no file format and no model family: `open.py` picks the reader, `export/families/` gives
the names and the configuration their meaning.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import tokenizers

from export.decoder import Array
from runtime.errors import ModelFileError
from runtime.manifest import Source


class TensorStore(Protocol):
    """Named tensors of a checkpoint, read one at a time."""

    def names(self) -> Collection[str]:
        """Every tensor's name, as Hugging Face checkpoints write them."""
        ...

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, without reading it.

        Raises:
            ModelFileError: there is no such tensor.
        """
        ...

    def tensor(self, name: str) -> Array:
        """A tensor as float32 in C order, in memory of its own.

        Raises:
            ModelFileError: there is no such tensor, it has a value that is no finite number, or it
                does not hold floating-point numbers.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint's files as data: nothing of it is ever run."""

    path: Path
    """The folder, or the GGUF file."""
    config: Mapping[str, Any]
    """`config.json`, or the same keys made from a GGUF file's metadata."""
    tensors: TensorStore
    tokenizer: tokenizers.Tokenizer
    special: Mapping[str, Any]
    """Special-token settings (`mask_token`, `eos_token`, `bos_token`, `pad_token` …), tokens as plain
    strings, from tokenizer_config.json, special_tokens_map.json, added_tokens.json and
    generation_config.json."""
    source: Source
    """Where it came from. For a local folder: its name, no revision, the index or weights file, and the
    SHA-256 over the weight files in the order of their names."""


def expect(store: TensorStore, name: str, shape: tuple[int, ...]) -> Array:
    """The tensor `name`, which must have `shape`.

    Raises:
        ModelFileError: there is no such tensor, it has another shape, or it can't be used.
    """
    found = store.shape(name)
    if found != shape:
        raise ModelFileError(
            f"The tensor {name!r} has the shape {list(found)} where the configuration asks for "
            f"{list(shape)}: the configuration and the weights are not of one checkpoint. Download it again."
        )
    return store.tensor(name)
