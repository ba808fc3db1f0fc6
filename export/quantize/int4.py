"""4-bit weights in blocks along the input, with a scale and a zero point each."""

import numpy as np
from numpy.typing import NDArray

from export.decoder import Array
from export.quantize.slices import slices

LEVELS = 15
CLIPS = (1.0, 0.95, 0.9, 0.85, 0.8)
"""Shares of a block's range that are tried; the one with the least squared error is kept."""


def quantize_int4(weight: Array, block: int) -> tuple[NDArray[np.uint8], Array, NDArray[np.uint8]]:
    """Asymmetric 4-bit rounding of (in, out) weights, in the layout of MatMulNBits.

    Returns packed uint8 (out, blocks, block // 2), scales float32 (out, blocks) and zero points
    packed uint8 (out, ceil(blocks / 2)).
    """
    inputs, outputs = weight.shape
    if inputs % block:
        raise ValueError(f"{inputs} inputs are not a multiple of the block of {block}")
    parts = [_quantize_columns(weight[:, part], block) for part in slices(outputs, inputs)]
    packed, scales, zeros = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return packed, scales, zeros


def _quantize_columns(weight: Array, block: int) -> tuple[NDArray[np.uint8], Array, NDArray[np.uint8]]:
    inputs, outputs = weight.shape
    blocks = np.ascontiguousarray(weight.T).reshape(outputs, inputs // block, block)
    low, high = np.minimum(blocks.min(-1), 0), np.maximum(blocks.max(-1), 0)
    best_error = np.full(low.shape, np.inf, np.float32)
    best = np.zeros(blocks.shape, np.uint8), np.ones_like(low), np.zeros(low.shape, np.uint8)
    for clip in CLIPS:
        scale = np.maximum((high - low) * clip / LEVELS, 1e-12).astype(np.float32)
        zero = np.clip(np.rint(-low * clip / scale), 0, LEVELS)
        values = np.clip(np.rint(blocks / scale[..., None]) + zero[..., None], 0, LEVELS)
        error = np.square((values - zero[..., None]) * scale[..., None] - blocks).sum(-1)
        better = error < best_error
        best_error[better] = error[better]
        for kept, new in zip(best, (values, scale, zero), strict=True):
            kept[better] = new[better].astype(kept.dtype)
    levels, scales, zeros = best
    packed = levels[..., 0::2] | levels[..., 1::2] << np.uint8(4)
    if zeros.shape[1] % 2:
        zeros = np.pad(zeros, ((0, 0), (0, 1)))
    return packed, scales, zeros[:, 0::2] | zeros[:, 1::2] << np.uint8(4)
