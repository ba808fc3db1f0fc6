"""8-bit weights with one scale for each output channel."""

import numpy as np
from numpy.typing import NDArray

from export.decoder import Array
from export.quantize.slices import slices

ACTIVATION_LEVELS = 127
"""Activations are quantised to zero ± 127 of their row's largest magnitude."""

ACTIVATION_ZERO = 128
"""Zero point of the uint8 activations."""

# x86 before VNNI multiplies unsigned by signed bytes with VPMADDUBSW, which adds neighbouring
# products in 16 bits and saturates. 255 * (|w[2i]| + |w[2i+1]|) stays within 32,767 while the two
# weights' magnitudes add up to 128 at most, so this bound makes the sums exact on every machine.
PAIR_BOUND = 128


def quantize_int8(weight: Array) -> tuple[NDArray[np.int8], Array]:
    """Symmetric rounding of (in, out) weights such that no product of a pass can saturate.

    Returns int8 (in, out) and the scales, float32 (out,). An odd last row stands alone.
    """
    integers, scale = np.empty(weight.shape, np.int8), np.empty(weight.shape[1], np.float32)
    for part in slices(weight.shape[1], len(weight)):
        integers[:, part], scale[part] = _quantize_columns(weight[:, part])
    return integers, scale


def _quantize_columns(weight: Array) -> tuple[NDArray[np.int8], Array]:
    magnitude = np.abs(weight)
    paired = magnitude[: len(weight) // 2 * 2]
    pair_sum = (paired[0::2] + paired[1::2]).max(axis=0, initial=0.0)
    scale = np.maximum(pair_sum / PAIR_BOUND, magnitude.max(axis=0) / ACTIVATION_LEVELS)
    scale = np.where(scale > 0, scale, 1.0).astype(np.float32)
    integers = np.rint(weight / scale).astype(np.int8)
    return _bounded(integers), scale


def _bounded(integers: NDArray[np.int8]) -> NDArray[np.int8]:
    """Take one step off the larger of a pair that rounding carried past the bound."""
    paired = integers[: len(integers) // 2 * 2].reshape(-1, 2, integers.shape[1])
    wide = paired.astype(np.int16)
    over = np.abs(wide).sum(axis=1) > PAIR_BOUND
    first_larger = np.abs(wide[:, 0]) >= np.abs(wide[:, 1])
    for position, chosen in ((0, over & first_larger), (1, over & ~first_larger)):
        step = (np.sign(wide[:, position]) * chosen).astype(np.int8)
        paired[:, position] -= step
    return integers
