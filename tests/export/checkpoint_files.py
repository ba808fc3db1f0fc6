"""Writes weights files by hand, whole ones and ones that lie."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def safetensors_bytes(header: dict[str, Any] | str, data: bytes) -> bytes:
    """A safetensors file of exactly this header, right or wrong."""
    text = header if isinstance(header, str) else json.dumps(header)
    raw = text.encode()
    return len(raw).to_bytes(8, "little") + raw + data


def entry(dtype: str, shape: list[Any], start: int, stop: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def bfloat16_bits(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """The upper halves, for values that bfloat16 holds exactly."""
    bits = values.view(np.uint32)
    assert not (bits & 0xFFFF).any()
    return (bits >> 16).astype(np.uint16)


def write_index(folder: Path, weight_map: dict[str, Any] | str, **fields: Any) -> Path:
    """An index for safetensors shards; a string is written as it stands."""
    path = folder / "model.safetensors.index.json"
    body = weight_map if isinstance(weight_map, str) else json.dumps({"weight_map": weight_map, **fields})
    path.write_text(body, encoding="utf-8")
    return path
