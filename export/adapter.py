"""Reading a low-rank adapter's safetensors file."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.decoder import Array, DecoderConfig
from runtime.errors import ModelFileError

PROJECTIONS = ("qkv", "output", "gate_up", "down")
DTYPES = {"F32": np.float32, "F16": np.float16}
METADATA = "__metadata__"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterDescription:
    """What an adapter's file says of itself."""

    mask_token: str | None = None
    """Content of the token that stands for a masked slot; None where it was trained without masks."""
    slots: int = 0
    """Masks behind a token that it was trained with."""
    attention: str = "causal"
    """What those masks see of each other."""
    base_sha256: str | None = None
    """Of the checkpoint it was trained on; None where it does not say."""


def read_adapter(path: Path, config: DecoderConfig) -> dict[str, Array]:
    """Factors by name (`layers.{i}.{projection}.{a|b}`), checked against the decoder's sizes.

    Raises:
        ModelFileError: not a safetensors file, or of other names or shapes than this decoder's.
    """
    header, body = _open(path)
    try:
        factors = {name: _tensor(body, entry) for name, entry in header.items() if name != METADATA}
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"The adapter {path} is not a whole safetensors file ({error}).") from error
    _check(path, factors, config)
    return factors


def read_description(path: Path) -> AdapterDescription:
    """What the file says of itself.

    Raises:
        ModelFileError: not a safetensors file, or its description is malformed.
    """
    header, _ = _open(path)
    said = header.get(METADATA, {})
    try:
        return AdapterDescription(
            mask_token=said.get("mask_token"),
            slots=int(said.get("slots", 0)),
            attention=str(said.get("attention", "causal")),
            base_sha256=said.get("base_sha256"),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise ModelFileError(f"The adapter {path} describes itself wrongly ({error}).") from error


def _open(path: Path) -> tuple[dict[str, Any], memoryview]:
    try:
        raw = path.read_bytes()
        (length,) = struct.unpack_from("<Q", raw)
        return dict(json.loads(raw[8 : 8 + length])), memoryview(raw)[8 + length :]
    except OSError as error:
        raise ModelFileError(f"The adapter {path} can't be read: {error.strerror}.") from error
    except (ValueError, TypeError, struct.error) as error:
        raise ModelFileError(f"The adapter {path} is not a whole safetensors file ({error}).") from error


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
