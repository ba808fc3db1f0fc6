"""The decoder in plain torch, written from its definition: any mask, any positions, a gate per token."""

import numpy as np
import torch
from numpy.typing import NDArray
from random_decoder import RandomWeights
from torch import Tensor

from export.graph.decoder import Adapter


def reference_logits(
    weights: RandomWeights,
    ids: list[int],
    positions: list[int],
    visible: NDArray[np.bool_],
    *,
    adapter: Adapter | None = None,
    gate: list[float] | None = None,
) -> NDArray[np.float64]:
    """Logits (tokens, vocabulary) of all tokens at once, in float64.

    `visible[i, j]`: token i attends to token j.
    """
    config = weights.config
    column = torch.tensor(gate or [0.0] * len(ids), dtype=torch.float64)[:, None]

    def linear(x: Tensor, weight: NDArray[np.float32], stem: str) -> Tensor:
        result = x @ _tensor(weight)
        if adapter is not None:
            low = x @ _tensor(adapter[f"{stem}.a"]) @ _tensor(adapter[f"{stem}.b"])
            result = result + column * low
        return result

    x = _tensor(weights.embedding())[ids]
    for index in range(config.layers):
        layer, stem = weights.layer(index), f"layers.{index}"
        packed = linear(_norm(x, layer.attention_norm, config.norm_epsilon), layer.qkv, f"{stem}.qkv")
        if layer.qkv_bias is not None:
            packed = packed + _tensor(layer.qkv_bias)
        size = config.head_size
        query, key, value = packed.split([config.heads * size, *[config.kv_heads * size] * 2], dim=-1)
        query = _rotate(query.unflatten(-1, (-1, size)), positions, config.rope_base)
        key = _rotate(key.unflatten(-1, (-1, size)), positions, config.rope_base)
        groups = config.heads // config.kv_heads
        key = key.repeat_interleave(groups, dim=1)
        value = value.unflatten(-1, (-1, size)).repeat_interleave(groups, dim=1)
        scores = torch.einsum("ihd,jhd->hij", query, key) / size**0.5
        scores = scores.masked_fill(~torch.from_numpy(visible), float("-inf"))
        attended = torch.einsum("hij,jhd->ihd", scores.softmax(-1), value).flatten(1)
        x = x + linear(attended, layer.output, f"{stem}.output")
        gated = linear(_norm(x, layer.ffn_norm, config.norm_epsilon), layer.gate_up, f"{stem}.gate_up")
        left, right = gated.chunk(2, dim=-1)
        x = x + linear(torch.nn.functional.silu(left) * right, layer.down, f"{stem}.down")
    result: NDArray[np.float64] = (
        _norm(x, weights.final_norm(), config.norm_epsilon) @ _tensor(weights.head()).T
    ).numpy()
    return result


def _tensor(array: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).double()


def _norm(x: Tensor, scale: NDArray[np.float32], epsilon: float) -> Tensor:
    return x / (x.square().mean(-1, keepdim=True) + epsilon).sqrt() * _tensor(scale)


def _rotate(x: Tensor, positions: list[int], base: float) -> Tensor:
    """Rotary embedding of (tokens, heads, size): pairs are (i, i + size / 2)."""
    half = x.shape[-1] // 2
    angle = torch.tensor(positions, dtype=torch.float64)[:, None, None] * base ** (
        -torch.arange(half, dtype=torch.float64) / half
    )
    first, second = x[..., :half], x[..., half:]
    return torch.cat(
        [first * angle.cos() - second * angle.sin(), second * angle.cos() + first * angle.sin()], dim=-1
    )
