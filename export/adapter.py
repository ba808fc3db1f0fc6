"""Reading a low-rank adapter's safetensors file."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.decoder import Array, DecoderConfig
from runtime.errors import ModelFileError

PROJECTIONS = ("qkv", "output", "gate_up", "down")
DTYPES = {"F32": np.float32, "F16": np.float16}


def read_adapter(path: Path, config: DecoderConfig) -> dict[str, Array]:
    """Factors by name (`layers.{i}.{projection}.{a|b}`), checked against the decoder's sizes.

    Raises:
        ModelFileError: not a safetensors file, or of other names or shapes than this decoder's.
    """
    try:
        raw = path.read_bytes()
        (length,) = struct.unpack_from("<Q", raw)
        header = json.loads(raw[8 : 8 + length])
        header.pop("__metadata__", None)
        body = memoryview(raw)[8 + length :]
        factors = {name: _tensor(body, entry) for name, entry in header.items()}
    except OSError as error:
        raise ModelFileError(f"The adapter {path} can't be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, struct.error) as error:
        raise ModelFileError(f"The adapter {path} is not a whole safetensors file ({error}).") from error
    _check(path, factors, config)
    return factors


def _tensor(body: memoryview, entry: dict[str, Any]) -> Array:
    start, end = entry["data_offsets"]  # a malformed header raises, and is reported
    values: NDArray[Any] = np.frombuffer(body[start:end], DTYPES[str(entry["dtype"])])
    return values.reshape(entry["shape"]).astype(np.float32)


def _check(path: Path, factors: dict[str, Array], config: DecoderConfig) -> None:
    query, key = config.heads * config.head_size, config.kv_heads * config.head_size
    sizes = {
        "qkv": (config.width, query + 2 * key),
        "output": (query, config.width),
        "gate_up": (config.width, 2 * config.ffn_width),
        "down": (config.ffn_width, config.width),
    }
    expected = {
        f"layers.{index}.{name}.{side}": (name, side)
        for index in range(config.layers)
        for name in PROJECTIONS
        for side in "ab"
    }
    for name, factor in factors.items():
        if name not in expected:
            raise ModelFileError(
                f"The adapter {path} has the tensor {name!r}, which no layer of this model takes."
            )
        projection, side = expected[name]
        partner = factors.get(f"{name[:-1]}{'b' if side == 'a' else 'a'}")
        axis = 0 if side == "a" else 1
        fits = factor.ndim == 2 and factor.shape[axis] == sizes[projection][axis]
        if partner is None or not fits or partner.ndim != 2 or factor.shape[1 - axis] != partner.shape[axis]:
            raise ModelFileError(f"The adapter {path} has {name!r} in a shape that does not fit this model.")
        if not np.isfinite(factor).all():
            raise ModelFileError(f"The adapter {path} has values in {name!r} that are not numbers.")
