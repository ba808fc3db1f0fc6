"""A GGUF file: its metadata, and its tensors dequantised in pieces.

Knows the format and no model. The header is read here rather than by gguf-py, whose reader follows
a damaged length for as long as it says; the arithmetic of the quantisations is gguf-py's.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from export.decoder import Array
from runtime.errors import ModelFileError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
DEFAULT_ALIGNMENT = 32
MOST_DIMENSIONS = 4

CHUNK_ELEMENTS = 1 << 20
"""Dequantised at a time, so that a tensor costs its float32 size and a little."""

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
"""struct codes of the metadata value types of fixed size."""
_STRING, _ARRAY = 8, 9


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufTensor:
    """Where a tensor lies and how its numbers are packed."""

    shape: tuple[int, ...]
    """Rows first, as numpy has it; the file has it the other way round."""
    kind: Any
    """A `gguf.GGMLQuantizationType`."""
    offset: int
    """From the start of the file, in bytes."""
    bytes: int


class GgufFile:
    """Metadata by key and tensors by name. Nothing but the header stays in memory."""

    def __init__(self, path: Path) -> None:
        """Read the header of `path`.

        Raises:
            ModelFileError: it is missing or not a whole GGUF file.
        """
        self.path = path
        self.fields: dict[str, Any] = {}
        self.tensors: dict[str, GgufTensor] = {}
        try:
            with path.open("rb") as file:
                self._read(_Header(file, path.stat().st_size))
        except FileNotFoundError:
            raise ModelFileError(f"{path} does not exist.") from None
        except OSError as error:
            raise ModelFileError(f"{path} can't be read ({error}).") from error
        except _DamagedError as error:
            raise ModelFileError(f"{path} is not a whole GGUF file ({error}). Download it again.") from error

    def field(self, key: str) -> Any:
        """Value of a metadata key.

        Raises:
            ModelFileError: the file has no such key.
        """
        if key not in self.fields:
            raise ModelFileError(f"{self.path} lacks the metadata key {key!r}.")
        return self.fields[key]

    def read(self, name: str) -> Array:
        """The tensor `name`, dequantised.

        Raises:
            ModelFileError: there is no such tensor, its packing is not known, or it has a value that is
                no finite number.
        """
        tensor = self._find(name)
        values = np.empty(tensor.shape, np.float32)
        table = values.reshape(-1, tensor.shape[-1])
        step = max(1, CHUNK_ELEMENTS // tensor.shape[-1])
        for start in range(0, len(table), step):
            part = table[start : start + step]
            part[...] = self._rows(name, tensor, start, len(part))
            if not np.isfinite(part).all():
                raise ModelFileError(
                    f"The tensor {name!r} in {self.path} has values that are not finite numbers "
                    "(NaN or infinite), so the file is damaged. Download it again."
                )
        return values

    def read_rows(self, name: str, rows: Iterable[int]) -> Array:
        """Some rows of the matrix `name`, dequantised: (rows, columns).

        Raises:
            ModelFileError: there is no such tensor, or its packing is not known.
        """
        tensor = self._find(name)
        return np.concatenate([self._rows(name, tensor, row, 1) for row in rows])

    def _find(self, name: str) -> GgufTensor:
        tensor = self.tensors.get(name)
        if tensor is None:
            raise ModelFileError(f"{self.path} lacks the tensor {name!r}.")
        return tensor

    def _rows(self, name: str, tensor: GgufTensor, first: int, count: int) -> Array:
        import gguf

        row_bytes = tensor.bytes // (math.prod(tensor.shape) // tensor.shape[-1])
        try:
            with self.path.open("rb", buffering=0) as file, np.errstate(over="ignore", invalid="ignore"):
                file.seek(tensor.offset + first * row_bytes)
                raw = np.frombuffer(file.read(count * row_bytes), np.uint8)
                values: Array = gguf.dequantize(raw.reshape(count, row_bytes), tensor.kind)
        except NotImplementedError as error:
            raise ModelFileError(
                f"The tensor {name!r} in {self.path} is packed as {tensor.kind.name}, which can't be "
                "unpacked here. Use a file of another quantisation, such as Q8_0."
            ) from error
        except (OSError, ValueError) as error:
            raise ModelFileError(f"The tensor {name!r} in {self.path} can't be read ({error}).") from error
        return values

    def _read(self, header: "_Header") -> None:
        if header.take(4) != MAGIC:
            raise _DamagedError("it does not begin with GGUF")
        version: int = header.number("I")
        if version not in VERSIONS:
            raise _DamagedError(
                f"it is of version {version}; versions 2 and 3 are read, in little-endian order"
            )
        tensor_count, field_count = header.number("Q"), header.number("Q")
        for _ in range(field_count):
            key = header.text()
            if key in self.fields:
                raise _DamagedError(f"it has the key {key!r} twice")
            self.fields[key] = header.value(header.number("I"))
        entries = [_entry(header) for _ in range(tensor_count)]
        alignment = self.fields.get("general.alignment", DEFAULT_ALIGNMENT)
        if type(alignment) is not int or not 0 < alignment <= 1 << 20 or alignment & (alignment - 1):
            raise _DamagedError(f"its alignment is {alignment!r}")
        start = -(-header.position // alignment) * alignment
        for name, shape, code, offset in entries:
            if name in self.tensors:
                raise _DamagedError(f"it has the tensor {name!r} twice")
            self.tensors[name] = _placed(name, shape, code, start + offset, header.size)


class _DamagedError(Exception):
    """The bytes are not what the format promises; `str(error)` is a clause."""


class _Header:
    """Reads forwards and never past the end, whatever a length says."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size
        self.position = 0

    def take(self, count: int) -> bytes:
        if count > self.size - self.position:
            raise _DamagedError("it ends before its header does")
        raw = self._file.read(count)
        self.position += count
        if len(raw) != count:
            raise _DamagedError("it has become shorter while it was read")
        return raw

    def number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def text(self) -> str:
        raw = self.take(self.number("Q"))
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _DamagedError("a text in its header is not UTF-8") from error

    def value(self, kind: int) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            raise _DamagedError(f"a value in its header is of the unknown type {kind}")
        item, count = self.number("I"), self.number("Q")
        if item in _SCALARS:
            code = _SCALARS[item]
            raw = self.take(count * struct.calcsize(f"<{code}"))
            return list(struct.unpack(f"<{count}{code}", raw))
        if item != _STRING:
            raise _DamagedError(f"an array in its header has items of the type {item}")
        return [self.text() for _ in range(count)]


def _entry(header: _Header) -> tuple[str, tuple[int, ...], int, int]:
    name = header.text()
    dimensions = header.number("I")
    if not 0 < dimensions <= MOST_DIMENSIONS:
        raise _DamagedError(f"the tensor {name!r} has {dimensions} dimensions")
    shape = tuple(header.number("Q") for _ in range(dimensions))
    return name, shape[::-1], header.number("I"), header.number("Q")


def _placed(name: str, shape: tuple[int, ...], code: int, offset: int, size: int) -> GgufTensor:
    import gguf

    try:
        kind = gguf.GGMLQuantizationType(code)
    except ValueError:
        raise _DamagedError(f"the tensor {name!r} is of the unknown type {code}") from None
    block, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    if 0 in shape or shape[-1] % block:
        raise _DamagedError(f"the tensor {name!r} has the shape {list(shape)}")
    count_bytes = math.prod(shape) // block * block_bytes
    if offset + count_bytes > size:
        raise _DamagedError(f"the tensor {name!r} reaches beyond its end")
    return GgufTensor(shape=shape, kind=kind, offset=offset, bytes=count_bytes)
