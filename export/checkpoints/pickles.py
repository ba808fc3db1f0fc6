"""A PyTorch weights file (`.bin`, `.pt`, `.pth`), loaded as data: whatever wants to run code is refused.

`torch.load(weights_only=True)` rebuilds tensors and plain containers and calls nothing else; the file is
memory-mapped where its format allows, so that looking at shapes reads next to nothing.
https://docs.pytorch.org/docs/stable/generated/torch.load.html
"""

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from export.checkpoints.safetensors import CHUNK_ELEMENTS, to_float32
from export.checkpoints.shard import TensorInfo, not_finite, not_float
from export.decoder import Array
from runtime.errors import ModelFileError, RuntimeSetupError

WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts keep the weights beside optimiser states and counters."""

FLOATS = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16"}
"""torch's names of the number types that weights are read from, and safetensors'."""

SAFE_SINCE = (2, 6)
"""Before this release `weights_only=True` could be got round (CVE-2025-32434)."""


class TorchFile:
    """One PyTorch weights file."""

    def __init__(self, path: Path) -> None:
        """Look at the tensors of `path` without reading their values.

        Raises:
            RuntimeSetupError: torch is not installed, or too old to load a file safely.
            ModelFileError: the file is damaged, holds no tensors, or wants to run code.
        """
        self.path = path
        self._state: dict[str, Any] | None = None
        self._mapped = False
        self._torch = _import_torch(path)
        self.tensors: Mapping[str, TensorInfo] = {
            name: TensorInfo(
                shape=tuple(tensor.shape),
                dtype=str(tensor.dtype).removeprefix("torch."),
                bytes=tensor.numel() * tensor.element_size(),
            )
            for name, tensor in self._load().items()
        }
        self.close()

    def read(self, name: str) -> Array:
        """The tensor `name` of this file as float32.

        Raises:
            ModelFileError: it does not hold floating-point numbers, or not finite ones.
        """
        info = self.tensors[name]
        if info.dtype not in FLOATS:
            raise not_float(self.path, name, info.dtype)
        if self._state is None:
            self._state = self._load()
        values = np.empty(info.shape, np.float32)
        source, flat = self._state[name].contiguous().view(-1), values.reshape(-1)
        if info.dtype == "bfloat16":
            source = source.view(self._torch.int16)  # its bits, for numpy has no such type
        raw = source.numpy()
        for start in range(0, len(flat), CHUNK_ELEMENTS):
            part = flat[start : start + CHUNK_ELEMENTS]
            to_float32(raw[start : start + CHUNK_ELEMENTS], FLOATS[info.dtype], part)
            if not np.isfinite(part).all():
                raise not_finite(self.path, name)
        del source, raw
        if self._mapped:
            # What was read stays resident as long as it is mapped, and mapping again is cheap.
            self.close()
        return values

    def close(self) -> None:
        """Unmap the file."""
        self._state = None

    def _load(self) -> dict[str, Any]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch's advice on formats is not for the user of this file
                loaded = self._load_mapped()
        except pickle.UnpicklingError as error:
            raise self._refused(error) from error
        except (
            Exception
        ) as error:  # a damaged archive raises RuntimeError, EOFError, KeyError, struct.error …
            raise ModelFileError(
                f"{self.path} is not a whole PyTorch weights file ({_first_line(error)}). Download it again."
            ) from error
        for key in WRAPPERS:
            if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
                loaded = loaded[key]
                break
        return self._tensors_of(loaded)

    def _load_mapped(self) -> Any:
        with self.path.open("rb") as file:
            # Files of before PyTorch 1.6 are one pickle stream, not a zip archive, and can't be mapped.
            self._mapped = file.read(4) == b"PK\x03\x04"
        return self._torch.load(self.path, map_location="cpu", weights_only=True, mmap=self._mapped)

    def _tensors_of(self, loaded: Any) -> dict[str, Any]:
        named = loaded.items() if isinstance(loaded, Mapping) else ()
        tensors = {
            name: value.detach()
            for name, value in named
            if isinstance(name, str) and isinstance(value, self._torch.Tensor)
        }
        if not tensors:
            raise ModelFileError(f"{self.path} holds no named tensors, so it is not a weights file.")
        for name, tensor in tensors.items():
            plain = tensor.layout == self._torch.strided and tensor.device.type == "cpu"
            if not plain or tensor.numel() == 0:
                raise ModelFileError(
                    f"The tensor {name!r} in {self.path} is sparse, quantised or empty and can't be read."
                )
            if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
                # A stride of 0 makes a small file claim any amount of memory.
                raise ModelFileError(
                    f"The tensor {name!r} in {self.path} claims more numbers than the file "
                    "holds: it is damaged or made to exhaust memory. Get the checkpoint from another source."
                )
        return tensors

    def _refused(self, error: pickle.UnpicklingError) -> ModelFileError:
        asked = re.search(r"(?:GLOBAL|class) ([\w.]+)", str(error))
        if asked is None:
            return ModelFileError(
                f"{self.path} is not a whole PyTorch weights file ({_first_line(error)}). Download it again."
            )
        return ModelFileError(
            f"{self.path} is refused: it asks to run {asked.group(1)} while it is loaded, and a checkpoint's "
            "code is never run. Use a safetensors version of the checkpoint."
        )


def _import_torch(path: Path) -> Any:
    try:
        import torch
    except ImportError:
        raise RuntimeSetupError(
            f"{path.name} is a PyTorch file, and reading it needs torch: install spanfill with its [export] "
            "extra, or use a safetensors version of the checkpoint."
        ) from None
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < SAFE_SINCE:
        raise RuntimeSetupError(
            f"torch {torch.__version__} can't load {path.name} safely: install torch 2.6 or newer, "
            "or use a safetensors version of the checkpoint."
        )
    return torch


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__
