"""A safetensors file, read in pieces: no library, no memory map, nothing trusted.

Format: https://github.com/huggingface/safetensors#format. Eight bytes give the length of a JSON
header, which gives each tensor's type, shape and byte range; the ranges must fill the rest exactly.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.checkpoints.folder import parse_object
from export.checkpoints.shard import TensorInfo, not_finite, not_float
from export.decoder import Array
from runtime.errors import ModelFileError

MOST_HEADER_BYTES = 100_000_000
"""The format's own bound."""

MOST_DIMENSIONS = 8

CHUNK_ELEMENTS = 1 << 20
"""Read and converted at a time, so that a tensor costs its float32 size and a little."""

FLOATS: dict[str, Any] = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""numpy types of the number formats that weights are read from; bfloat16 as its bits."""

# fmt: off
BITS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "U16": 16, "I16": 16, "F16": 16, "BF16": 16, "U32": 32, "I32": 32, "F32": 32,
    "U64": 64, "I64": 64, "F64": 64, "C64": 64,
}
# fmt: on


class SafetensorsFile:
    """One safetensors file. Tensors are read from the disk when asked for."""

    def __init__(self, path: Path) -> None:
        """Read and check the header of `path`.

        Raises:
            ModelFileError: it is truncated, or its header contradicts itself or the file.
        """
        self.path = path
        self.tensors: dict[str, TensorInfo] = {}
        self._offsets: dict[str, int] = {}
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                start = file.read(8)
                header_bytes = int.from_bytes(start, "little")
                if len(start) < 8 or header_bytes > min(size - 8, MOST_HEADER_BYTES):
                    raise self._damaged("it ends before its header does")
                raw = file.read(header_bytes)
        except OSError as error:
            raise ModelFileError(f"{path} can't be read ({error}).") from error
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self._damaged("its header is not UTF-8 text") from error
        header = parse_object(text, f"The header of {path}", unique=True)
        header.pop("__metadata__", None)
        self._place(header, 8 + header_bytes, size)

    def _place(self, header: dict[str, Any], data_start: int, size: int) -> None:
        """Check that the tensors' byte ranges follow each other and fill the file."""
        ranges = []
        for name, entry in header.items():
            info, start = self._entry(name, entry)
            self.tensors[name] = info
            self._offsets[name] = data_start + start
            ranges.append((start, start + info.bytes, name))
        end = 0
        for start, stop, name in sorted(ranges):
            if start != end:
                fault = "overlaps another one" if start < end else "leaves a gap before it"
                raise self._damaged(f"the byte range of {name!r} {fault}")
            end = stop
        if data_start + end != size:
            raise self._damaged(f"its header describes {data_start + end:,} bytes, but it has {size:,}")

    def _entry(self, name: str, entry: Any) -> tuple[TensorInfo, int]:
        match entry:
            case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(start), int(stop)]}:
                pass
            case _:
                raise self._damaged(f"its header has no dtype, shape and data_offsets for {name!r}")
        if dtype not in BITS:
            raise not_float(self.path, name, dtype)
        if len(shape) > MOST_DIMENSIONS or not all(
            type(side) is int and 0 < side < 1 << 48 for side in shape
        ):
            raise self._damaged(f"the shape of {name!r} is {shape}")
        bits = math.prod(shape) * BITS[dtype]
        if start < 0 or (stop - start) * 8 != bits:
            raise self._damaged(
                f"{name!r} is said to have the shape {shape} of {dtype} in {stop - start:,} bytes"
            )
        return TensorInfo(shape=tuple(shape), dtype=dtype, bytes=stop - start), start

    def read(self, name: str) -> Array:
        """The tensor `name` of this file as float32.

        Raises:
            ModelFileError: it does not hold floating-point numbers, or not finite ones.
        """
        info = self.tensors[name]
        if info.dtype not in FLOATS:
            raise not_float(self.path, name, info.dtype)
        values = np.empty(math.prod(info.shape), np.float32)
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(self._offsets[name])
                for start in range(0, len(values), CHUNK_ELEMENTS):
                    part = values[start : start + CHUNK_ELEMENTS]
                    raw = np.empty(len(part), FLOATS[info.dtype])
                    if not _read_whole(file, raw):
                        raise self._damaged("it has become shorter while it was read")
                    to_float32(raw, info.dtype, part)
                    if not np.isfinite(part).all():
                        raise not_finite(self.path, name)
        except OSError as error:
            raise ModelFileError(f"{self.path} can't be read ({error}).") from error
        return values.reshape(info.shape)

    def close(self) -> None:
        """Nothing is kept open between reads."""

    def _damaged(self, why: str) -> ModelFileError:
        return ModelFileError(f"{self.path} is not a whole safetensors file: {why}. Download it again.")


def _read_whole(file: Any, into: Any) -> bool:
    view = memoryview(into).cast("B")
    while view:
        count = file.readinto(view)
        if not count:
            return False
        view = view[count:]
    return True


def to_float32(raw: NDArray[Any], dtype: str, into: Array) -> None:
    """Write the numbers `raw`, of one of the types in `FLOATS`, into `into`; bfloat16 comes as its bits."""
    if dtype == "BF16":
        # bfloat16 is the upper half of a float32.
        np.left_shift(raw.view(np.uint16), 16, out=into.view(np.uint32), dtype=np.uint32)
    else:
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused as not finite
            into[...] = raw
