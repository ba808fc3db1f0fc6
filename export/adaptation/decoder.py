"""The frozen decoder with adapters, many examples and anchors a pass.

The definition is that of `export/reference/`, arranged for training: the tokens of all examples are one
matrix in every linear layer, so nothing is padded, and only attention goes example by example.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import rms_norm, scaled_dot_product_attention, silu

from export.adaptation.frozen import FloatLinear, FrozenLinear
from export.adaptation.layout import Laid
from export.adaptation.settings import Settings
from export.decoder import Array, DecoderWeights
from runtime.errors import UsageError

MakeLinear = Callable[[Array], FrozenLinear]


@dataclass(frozen=True, slots=True)
class Passed:
    """What a pass gives; rows of all examples, one behind the other."""

    clean: Tensor
    """(ΣS, width) normed hidden states of the clean span tokens."""
    masks: Tensor
    """(Σ(T - S), width) of the masks."""
    base: Tensor | None
    """(ΣS, width) of the clean span tokens in the base alone, where it was asked."""


class LowRank(nn.Module):
    """One matrix's adapter: x @ a @ b, zero until trained."""

    def __init__(self, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.randn(inputs, rank) / inputs**0.5)
        self.b = nn.Parameter(torch.zeros(rank, outputs))

    def forward(self, x: Tensor) -> Tensor:
        """x (tokens, inputs) to (tokens, outputs), in x's type."""
        return (x @ self.a.to(x.dtype)) @ self.b.to(x.dtype)


class SwiGlu(torch.autograd.Function):
    """silu(gate) * up, which keeps its input alone: half of what autograd would keep of it."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, packed: Tensor) -> Tensor:
        """Packed (tokens, 2 * width): gate, then up."""
        context.save_for_backward(packed)
        gate, up = packed.chunk(2, dim=-1)
        return silu(gate) * up

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> Tensor:
        """Gradient of the packed input."""
        (packed,) = context.saved_tensors  # type: ignore[attr-defined]
        gate, up = packed.chunk(2, dim=-1)
        chance = gate.sigmoid()
        by_gate = gradient * up * chance * (1 + gate * (1 - chance))
        return torch.cat([by_gate, gradient * gate * chance], dim=-1)


class _Layer:
    """One layer's frozen weights."""

    def __init__(
        self, weights: DecoderWeights, index: int, make: MakeLinear, place: Callable[[Array], Tensor]
    ) -> None:
        layer = weights.layer(index)
        self.linear = {name: make(getattr(layer, name)) for name in ("qkv", "output", "gate_up", "down")}
        self.bias = {
            name: None if (bias := getattr(layer, f"{name}_bias")) is None else place(bias)
            for name in self.linear
        }
        self.attention_norm, self.ffn_norm = place(layer.attention_norm), place(layer.ffn_norm)
        if layer.query_norm is not None or layer.key_norm is not None:
            raise UsageError(
                "Adapters are trained on Qwen2- and Llama-style models; this one norms each head."
            )


class AdaptedDecoder(nn.Module):
    """A frozen decoder; its parameters are the adapters'."""

    def __init__(
        self,
        weights: DecoderWeights,
        settings: Settings,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        make_linear: MakeLinear | None = None,
    ) -> None:
        """`make_linear` turns a matrix (in, out) into what applies it; a plain product by default.

        Raises:
            UsageError: a decoder of an architecture that adapters aren't trained on.
        """
        super().__init__()
        self.config, self.settings, self.dtype = weights.config, settings, dtype
        self.device = torch.device(device)

        def place(array: Array) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(array)).to(self.device, dtype)

        make = make_linear or (lambda weight: FloatLinear(weight, self.device, dtype))
        embedding, head = weights.embedding(), weights.head()
        self._embedding = place(embedding)
        self._head = self._embedding if np.array_equal(embedding, head) else place(head)
        del embedding, head
        self._final_norm = place(weights.final_norm())
        config = self.config
        query, key = config.heads * config.head_size, config.kv_heads * config.head_size
        self._widths = [query, key, key]
        sizes = {
            "qkv": (config.width, query + 2 * key),
            "output": (query, config.width),
            "gate_up": (config.width, 2 * config.ffn_width),
            "down": (config.ffn_width, config.width),
        }
        self._layers = [_Layer(weights, index, make, place) for index in range(config.layers)]
        self.adapters = nn.ModuleList(
            nn.ModuleDict({name: LowRank(*sizes[name], settings.rank) for name in settings.projections})
            for _ in range(config.layers)
        ).to(self.device)

    def forward(self, examples: Sequence[Laid], *, with_base: bool | None = None) -> Passed:
        """One pass: the context through the base without gradients, the span through base and adapters.

        `with_base`: whether to ask the base for the span as well; None goes by the settings.
        """
        with torch.no_grad():
            with_base = self.settings.needs_base if with_base is None else with_base
            keys, values, base = self._run_context(examples, with_base)
        hidden = self._run_span(examples, keys, values)
        counts = [part for each in examples for part in (len(each.clean), len(each.slot))]
        parts = torch.split(hidden, counts)
        return Passed(torch.cat(parts[0::2]), torch.cat(parts[1::2]), base)

    def logits(self, hidden: Tensor, rows: Tensor | None = None) -> Tensor:
        """(n, rows) logits in float32, of the whole vocabulary or of some of its rows."""
        head = self._head if rows is None else self._head[rows]
        return (hidden @ head.T).float()

    def _run_context(
        self, examples: Sequence[Laid], with_span: bool
    ) -> tuple[list[list[Tensor]], list[list[Tensor]], Tensor | None]:
        """Keys and values of the contexts by layer and example; the base's rows of the spans, if asked."""
        texts = [
            np.concatenate([each.context, each.clean]) if with_span else each.context for each in examples
        ]
        lengths = [len(text) for text in texts]
        cos, sin = self._rotation(np.concatenate([np.arange(length) for length in lengths]))
        x = self._embedded(np.concatenate(texts))
        keys: list[list[Tensor]] = []
        values: list[list[Tensor]] = []
        for index, layer in enumerate(self._layers):
            query, key, value = self._heads(layer, x, index, cos, sin, gated=False)
            keys.append([])
            values.append([])
            if not with_span and index + 1 == len(self._layers):
                queries: Sequence[Tensor] = ()  # the last layer's keys and values are all that is asked for
            else:
                queries = torch.split(query, lengths)
            attended = []
            for place, (own_key, own_value) in enumerate(
                zip(torch.split(key, lengths), torch.split(value, lengths), strict=True)
            ):
                count = len(examples[place].context)
                keys[-1].append(own_key[:count])
                values[-1].append(own_value[:count])
                if queries:
                    attended.append(_attend(queries[place], own_key, own_value, None))
            if attended:
                x = self._rest(layer, x, torch.cat(attended), index, gated=False)
        if not with_span:
            return keys, values, None
        spans = [
            text[-len(each.clean) :] for text, each in zip(torch.split(x, lengths), examples, strict=True)
        ]
        return keys, values, self._normed(torch.cat(spans), self._final_norm)

    def _run_span(
        self, examples: Sequence[Laid], keys: list[list[Tensor]], values: list[list[Tensor]]
    ) -> Tensor:
        lengths = [len(each.ids) for each in examples]
        cos, sin = self._rotation(np.concatenate([each.positions for each in examples]))
        visible = [torch.from_numpy(each.visible).to(self.device) for each in examples]
        x = self._embedded(np.concatenate([each.ids for each in examples]))
        for index, layer in enumerate(self._layers):
            query, key, value = self._heads(layer, x, index, cos, sin, gated=True)
            own = zip(
                torch.split(query, lengths),
                torch.split(key, lengths),
                torch.split(value, lengths),
                strict=True,
            )
            attended = [
                _attend(
                    each,
                    torch.cat([keys[index][at], key]),
                    torch.cat([values[index][at], value]),
                    visible[at],
                )
                for at, (each, key, value) in enumerate(own)
            ]
            x = self._rest(layer, x, torch.cat(attended), index, gated=True)
        return self._normed(x, self._final_norm)

    def _heads(
        self, layer: _Layer, x: Tensor, index: int, cos: Tensor, sin: Tensor, *, gated: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Rotated queries and keys, and values: (tokens, heads, head_size) each."""
        packed = self._linear(layer, "qkv", self._normed(x, layer.attention_norm), index, gated)
        query, key, value = (
            part.reshape(len(part), -1, self.config.head_size)
            for part in torch.split(packed, self._widths, dim=-1)
        )
        return _rotate(query, cos, sin), _rotate(key, cos, sin), value

    def _rest(self, layer: _Layer, x: Tensor, attended: Tensor, index: int, *, gated: bool) -> Tensor:
        """What a layer does with x and its attention's result (tokens, heads * head_size)."""
        x = x + self._linear(layer, "output", attended, index, gated)
        packed = self._linear(layer, "gate_up", self._normed(x, layer.ffn_norm), index, gated)
        product: Tensor = SwiGlu.apply(packed)  # type: ignore[no-untyped-call]
        return x + self._linear(layer, "down", product, index, gated)

    def _linear(self, layer: _Layer, name: str, x: Tensor, index: int, gated: bool) -> Tensor:
        result = layer.linear[name](x)
        if (bias := layer.bias[name]) is not None:
            result = result + bias
        adapters = cast(nn.ModuleDict, self.adapters[index])
        return result + adapters[name](x) if gated and name in adapters else result

    def _embedded(self, ids: np.ndarray) -> Tensor:
        return self._embedding[torch.from_numpy(ids).to(self.device)]

    def _normed(self, x: Tensor, scale: Tensor) -> Tensor:
        return rms_norm(x, (x.shape[-1],), scale, self.config.norm_epsilon)

    def _rotation(self, positions: np.ndarray) -> tuple[Tensor, Tensor]:
        """(tokens, 1, head_size / 2) each; angles in float64, as a float32 one is coarse far into a text."""
        half = self.config.head_size // 2
        angle = positions[:, None, None] * self.config.rope_base ** (-np.arange(half) / half)
        return tuple(torch.from_numpy(turn(angle)).to(self.device, self.dtype) for turn in (np.cos, np.sin))  # type: ignore[return-value]


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def _attend(query: Tensor, key: Tensor, value: Tensor, visible: Tensor | None) -> Tensor:
    """(T, heads * head_size) of queries (T, heads, head_size); causal without `visible`."""
    group = query.shape[1] // key.shape[1]
    key, value = (rows.repeat_interleave(group, dim=1).transpose(0, 1)[None] for rows in (key, value))
    result = scaled_dot_product_attention(
        query.transpose(0, 1)[None], key, value, attn_mask=visible, is_causal=visible is None
    )
    return result[0].transpose(0, 1).flatten(1)
