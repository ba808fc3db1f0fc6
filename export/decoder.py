"""The shape of a Llama-style decoder, whatever file it was read from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderConfig:
    """Sizes and constants of one decoder."""

    family: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_size: int
    ffn_width: int
    vocabulary: int
    rope_base: float
    norm_epsilon: float
    context_length: int
    qkv_bias: bool


@dataclass(slots=True, kw_only=True)
class LayerWeights:
    """One layer's weights as float32; matrices are (in, out), so that x @ w applies them."""

    attention_norm: Array
    qkv: Array
    """(width, (heads + 2 * kv_heads) * head_size): query, key and value side by side."""
    qkv_bias: Array | None
    output: Array
    """(heads * head_size, width)"""
    ffn_norm: Array
    gate_up: Array
    """(width, 2 * ffn_width): gate, then up."""
    down: Array
    """(ffn_width, width)"""
    query_norm: Array | None = None
    """(head_size,): RMS norm of each head's query before its rotation."""
    key_norm: Array | None = None
    """(head_size,): likewise of the keys."""
    output_bias: Array | None = None
    gate_up_bias: Array | None = None
    down_bias: Array | None = None


class DecoderWeights(Protocol):
    """Where a decoder's weights come from, one layer at a time so that memory stays small."""

    config: DecoderConfig

    def embedding(self) -> Array:
        """(vocabulary, width)."""
        ...

    def head(self) -> Array:
        """(vocabulary, width): the output projection, the embedding itself where tied."""
        ...

    def final_norm(self) -> Array:
        """(width,)."""
        ...

    def layer(self, index: int) -> LayerWeights:
        """Weights of layer `index`, counted from 0."""
        ...


Progress = Callable[[str, float], None]
"""Called with a stage's name and its fraction done, 0 to 1."""
