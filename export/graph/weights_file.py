"""The external data file: arrays appended one at a time, so that memory holds only the newest."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

# ONNX Runtime maps external data only where it starts on a page; 64 KiB is Windows' granularity.
PAGE_BYTES = 65_536
SMALL_BYTES = 4_096


class WeightsFile:
    """Appends arrays to a file, or to several, and hands out ONNX tensors that point into it."""

    def __init__(self, path: Path, shard_bytes: int | None = None) -> None:
        """Create `path`, which must not exist.

        A file that another array would make larger than `shard_bytes` is closed, and the next one
        begun: `path` with `.2`, `.3` … behind its name. An array alone may be larger.
        """
        self.path = path
        self._shard_bytes = shard_bytes
        self._shards = 1
        self._file: BinaryIO = path.open("xb")

    def append(self, name: str, array: NDArray[np.generic]) -> ir.TensorProtocol:
        """Store `array`; arrays under 4 KiB stay inside the model file."""
        if array.nbytes < SMALL_BYTES:
            return ir.Tensor(np.ascontiguousarray(array), name=name)
        offset = self._place(array.nbytes)
        self._file.seek(offset)
        self._file.write(np.ascontiguousarray(array).data.cast("B"))
        return ir.ExternalTensor(
            location=Path(self._file.name).name,
            offset=offset,
            length=array.nbytes,
            dtype=ir.DataType.from_numpy(array.dtype),
            shape=ir.Shape(array.shape),
            name=name,
            base_dir=self.path.parent,
        )

    def _place(self, size: int) -> int:
        """Where the next array goes, in the file at hand or at the start of a new one."""
        end = self._file.tell()
        offset = -(-end // PAGE_BYTES) * PAGE_BYTES
        if self._shard_bytes is None or end == 0 or offset + size <= self._shard_bytes:
            return offset
        self._file.close()
        self._shards += 1
        self._file = self.path.with_name(f"{self.path.name}.{self._shards}").open("xb")
        return 0

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
