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
    """Appends arrays to one file and hands out ONNX tensors that point into it."""

    def __init__(self, path: Path) -> None:
        """Create `path`, which must not exist."""
        self.path = path
        self._file: BinaryIO = path.open("xb")

    def append(self, name: str, array: NDArray[np.generic]) -> ir.TensorProtocol:
        """Store `array`; arrays under 4 KiB stay inside the model file."""
        if array.nbytes < SMALL_BYTES:
            return ir.Tensor(np.ascontiguousarray(array), name=name)
        offset = -(-self._file.tell() // PAGE_BYTES) * PAGE_BYTES
        self._file.seek(offset)
        self._file.write(np.ascontiguousarray(array).data.cast("B"))
        return ir.ExternalTensor(
            location=self.path.name,
            offset=offset,
            length=array.nbytes,
            dtype=ir.DataType.from_numpy(array.dtype),
            shape=ir.Shape(array.shape),
            name=name,
            base_dir=self.path.parent,
        )

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
