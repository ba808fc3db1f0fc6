"""Qwen2-, Qwen3-, Llama- and LLaDA-style decoders in float32 PyTorch, one layer in memory at a time.

RMS norm (arXiv 1910.07467), rotary positions over half-split pairs (arXiv 2104.09864), grouped queries
(arXiv 2305.13245), SwiGLU (arXiv 2002.05202), pre-norm residuals; Qwen2's query, key and value biases and
Qwen3's norms of each head's query and key wherever the checkpoint has them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from export.checkpoints.base import Checkpoint
from export.reference.architecture import read_architecture

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class FrozenKeys:
    """Keys and values that a pass left behind, by layer; each (tokens, kv_heads, head_size), rotated."""

    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys[0]) if self.keys else 0

    def then(self, later: "FrozenKeys") -> "FrozenKeys":
        """These, followed by the tokens of a later pass."""
        if not self.keys:
            return later
        return FrozenKeys(
            [torch.cat(pair) for pair in zip(self.keys, later.keys, strict=True)],
            [torch.cat(pair) for pair in zip(self.values, later.values, strict=True)],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One forward pass over T tokens that may see F frozen ones."""

    ids: Sequence[int]
    """(T,)"""
    positions: Sequence[int]
    """(T,) where each token sits in its text."""
    visible: NDArray[np.bool_]
    """(T, F + T): whether token i sees frozen token j, or token j - F of this pass."""
    frozen: FrozenKeys = field(default_factory=FrozenKeys)
    skip: int = 0
    """Leading tokens that need no logits."""


@dataclass(frozen=True, slots=True)
class PassResult:
    """What a pass gives."""

    logits: NDArray[np.float32]
    """(T - skip, vocabulary), each for its own place: un-shifting is the reader's."""
    left: FrozenKeys
    """The keys and values of its T tokens."""


class TorchDecoder:
    """The decoder of one checkpoint."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Read the sizes; weights are read layer by layer in each `run`.

        Raises:
            ModelFileError: the checkpoint is no decoder of a known shape.
        """
        self.architecture = read_architecture(checkpoint)
        self._store = checkpoint.tensors
        self._present = frozenset(checkpoint.tensors.names())

    def run(self, passes: Sequence[Pass], progress: Progress = lambda _done: None) -> list[PassResult]:
        """Run independent passes side by side: each layer's weights are read once for all of them.

        Raises:
            ModelFileError: a tensor is missing or can't be used.
        """
        shape, names = self.architecture, self.architecture.names
        with torch.no_grad():
            embedding = self._tensor(names["embedding"])
            streams = [embedding[torch.as_tensor(np.asarray(each.ids, np.int64))] for each in passes]
            del embedding
            left: list[FrozenKeys] = [FrozenKeys() for _ in passes]
            for index in range(shape.layers):
                progress(index / shape.layers)
                layer = _Layer(self, index)
                for number, each in enumerate(passes):
                    streams[number] = layer.apply(streams[number], each, left[number])
            norm = self._tensor(names["final_norm"])
            last = [
                _rms_norm(stream[each.skip :], norm, shape.epsilon)
                for stream, each in zip(streams, passes, strict=True)
            ]
            head = self._tensor(names["embedding" if shape.tied else "head"])
            logits = [(hidden @ head.T).numpy() for hidden in last]
        progress(1.0)
        return [PassResult(rows, keys) for rows, keys in zip(logits, left, strict=True)]

    def _tensor(self, name: str) -> Tensor:
        return torch.from_numpy(self._store.tensor(name))

    def _optional(self, name: str) -> Tensor | None:
        return self._tensor(name) if name in self._present else None


class _Layer:
    """The weights of one layer, and what they do."""

    def __init__(self, decoder: TorchDecoder, index: int) -> None:
        self.shape = decoder.architecture
        names = self.shape.names
        stem = names["layer"].format(index)
        self.index = index
        self.linear = {
            part: (
                decoder._tensor(f"{stem}{names[part]}.weight"),
                decoder._optional(f"{stem}{names[part]}.bias"),
            )
            for part in ("q", "k", "v", "o", "gate", "up", "down")
        }
        self.attention_norm = decoder._tensor(f"{stem}{names['attention_norm']}.weight")
        self.ffn_norm = decoder._tensor(f"{stem}{names['ffn_norm']}.weight")
        self.query_norm = decoder._optional(f"{stem}self_attn.q_norm.weight")
        self.key_norm = decoder._optional(f"{stem}self_attn.k_norm.weight")

    def apply(self, x: Tensor, each: Pass, left: FrozenKeys) -> Tensor:
        """One layer over x (T, width); adds this layer's keys and values to `left`."""
        normed = _rms_norm(x, self.attention_norm, self.shape.epsilon)
        x = x + self._project("o", self._attend(normed, each, left))
        normed = _rms_norm(x, self.ffn_norm, self.shape.epsilon)
        gate = torch.nn.functional.silu(self._project("gate", normed))
        return x + self._project("down", gate * self._project("up", normed))

    def _project(self, part: str, x: Tensor) -> Tensor:
        weight, bias = self.linear[part]
        return torch.nn.functional.linear(x, weight, bias)

    def _heads(self, part: str, x: Tensor, norm: Tensor | None) -> Tensor:
        """(T, heads, head_size), normed where the checkpoint norms its heads."""
        heads = self._project(part, x).view(len(x), -1, self.shape.head_size)
        return heads if norm is None else _rms_norm(heads, norm, self.shape.epsilon)

    def _attend(self, x: Tensor, each: Pass, left: FrozenKeys) -> Tensor:
        shape = self.shape
        query = _rotate(self._heads("q", x, self.query_norm), each.positions, shape.rope_theta)
        key = _rotate(self._heads("k", x, self.key_norm), each.positions, shape.rope_theta)
        value = self._heads("v", x, None)
        left.keys.append(key)
        left.values.append(value)
        if len(each.frozen):
            key = torch.cat([each.frozen.keys[self.index], key])
            value = torch.cat([each.frozen.values[self.index], value])
        group = shape.heads // shape.kv_heads
        key, value = (rows.repeat_interleave(group, dim=1) for rows in (key, value))
        scores = torch.einsum("thd,shd->hts", query, key) / shape.head_size**0.5
        scores = scores.masked_fill(~torch.from_numpy(np.asarray(each.visible, bool)), float("-inf"))
        return torch.einsum("hts,shd->thd", scores.softmax(dim=-1), value).flatten(1)


def _rms_norm(x: Tensor, scale: Tensor, epsilon: float) -> Tensor:
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + epsilon) * scale


def _rotate(x: Tensor, positions: Sequence[int], theta: float) -> Tensor:
    """Turn the pairs (i, i + head_size / 2) of x (T, heads, head_size) by position times frequency."""
    half = x.shape[-1] // 2
    # In float64: at position 100,000 a float32 angle is off by a hundredth of a turn.
    frequency = theta ** (-torch.arange(half, dtype=torch.float64) / half)
    angle = torch.as_tensor(np.asarray(positions, np.float64))[:, None, None] * frequency
    cos, sin = angle.cos().float(), angle.sin().float()
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
