"""A Llama-style decoder to the denoiser contract (see docs/architecture.md).

Inputs: input_ids and position_ids int64 (T,); adapter_gate float (T,) where an adapter is present;
past_key_i and past_value_i (1, kv_heads, capacity, head_size); past_length int64 (); head_skip
int64 (1,), optional: how many leading positions need no prediction (a prefill asks for its last
position only). Outputs: top_ids, top_logprobs, entropy for the positions after head_skip, and
present_key_i / present_value_i, which share their memory with the past ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from export.decoder import Array, DecoderConfig, DecoderWeights, LayerWeights, Progress
from export.graph.head import HeadFormat
from export.graph.linear import Activation, LinearFormat
from export.graph.writer import MS, GraphWriter

Adapter = Mapping[str, Array]
"""Low-rank factors by name: `layers.{i}.{qkv|output|gate_up|down}.{a|b}`, (in, rank) and (rank, out)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderFormat:
    """Choices that shape the graph but not what it computes."""

    linear: LinearFormat
    head: HeadFormat
    float_type: type[np.floating]
    """Type of activations and cache: float32, or float16 on a GPU."""
    causal: bool
    rotary_length: int
    """Positions for which rotary tables are written."""


def write_decoder(
    graph: GraphWriter,
    weights: DecoderWeights,
    form: DecoderFormat,
    adapter: Adapter | None,
    progress: Progress,
) -> None:
    """Write the whole decoder into `graph`, one layer's weights in memory at a time."""
    config = weights.config
    dtype = ir.DataType.from_numpy(np.dtype(form.float_type))
    input_ids = graph.input("input_ids", ir.DataType.INT64, ["tokens"])
    position_ids = graph.input("position_ids", ir.DataType.INT64, ["tokens"])
    gate = graph.input("adapter_gate", ir.DataType.FLOAT, ["tokens"]) if adapter else None
    past_length = graph.input("past_length", ir.DataType.INT64, [])
    head_skip = graph.input_with_default("head_skip", np.zeros(1, np.int64))

    writer = _LayerWriter(graph, config, form, adapter, position_ids, past_length, gate)
    hidden = form.head.embed(graph, weights.embedding(), input_ids, form.float_type)
    hidden = graph.op("Unsqueeze", hidden, graph.constant([0], np.int64))
    carried: ir.Value | None = None
    for index in range(config.layers):
        progress("layers", index / config.layers)
        hidden, carried = writer.layer(index, weights.layer(index), hidden, carried, dtype)
    graph.scope("")
    progress("head", 0.0)
    last, _ = writer.norm(hidden, carried, weights.final_norm())
    last = graph.op("Squeeze", last, graph.constant([0], np.int64))
    end = graph.constant([np.iinfo(np.int64).max], np.int64)
    last = graph.op("Slice", last, head_skip, end, graph.constant([0], np.int64))
    form.head.write(graph, last, weights.head())
    progress("head", 1.0)


class _LayerWriter:
    """Writes layers that share positions, cache length and adapter gate."""

    def __init__(
        self,
        graph: GraphWriter,
        config: DecoderConfig,
        form: DecoderFormat,
        adapter: Adapter | None,
        position_ids: ir.Value,
        past_length: ir.Value,
        gate: ir.Value | None,
    ) -> None:
        self.graph, self.config, self.form, self.adapter = graph, config, form, adapter
        self.positions = graph.op("Unsqueeze", position_ids, graph.constant([0], np.int64))
        tokens = graph.op("Shape", position_ids)
        total = graph.op("Add", graph.op("Squeeze", tokens), past_length)
        self.total_length = graph.op("Cast", total, to=ir.DataType.INT32)
        last = graph.op("Sub", self.total_length, graph.constant(1, np.int32))
        self.last_index = graph.op("Reshape", last, graph.constant([1, 1], np.int64))
        self.cos, self.sin = self._rotary_tables()
        self.gate = None
        if gate is not None:
            column = graph.op("Unsqueeze", gate, graph.constant([0, 2], np.int64))
            self.gate = graph.op("Cast", column, to=ir.DataType.from_numpy(np.dtype(form.float_type)))

    def _rotary_tables(self) -> tuple[ir.Value, ir.Value]:
        half = self.config.head_size // 2
        frequency = self.config.rope_base ** (-np.arange(half, dtype=np.float64) / half)
        angle = np.arange(self.form.rotary_length, dtype=np.float64)[:, None] * frequency
        kind = self.form.float_type
        return (
            self.graph.weight("rotary_cos", np.cos(angle).astype(kind)),
            self.graph.weight("rotary_sin", np.sin(angle).astype(kind)),
        )

    def norm(self, x: ir.Value, added: ir.Value | None, scale: Array) -> tuple[ir.Value, ir.Value]:
        """RMS norm of x (+ added, the branch not yet summed in); also gives the sum itself."""
        weight = self.graph.weight(f"norm_{self.graph.op_count}", scale.astype(self.form.float_type))
        epsilon = self.config.norm_epsilon
        if added is None:
            normed = self.graph.op(
                "SimplifiedLayerNormalization", x, weight, axis=-1, epsilon=epsilon, stash_type=1
            )
            return normed, x
        normed, _, _, total = self.graph.ops(
            "SkipSimplifiedLayerNormalization", x, added, weight, outputs=4, domain=MS, epsilon=epsilon
        )
        return normed, total

    def linear(self, index: int, name: str, x: Activation, weight: Array) -> ir.Value:
        """x @ weight, plus the gated low-rank adapter where there is one."""
        result = self.form.linear.apply(self.graph, name, x, weight)
        stem = f"layers.{index}.{name}"
        if self.adapter is None or f"{stem}.a" not in self.adapter:
            return result
        kind = self.form.float_type
        narrow = self.graph.op(
            "MatMul", x.value, self.graph.weight(f"{name}_adapter_a", self.adapter[f"{stem}.a"].astype(kind))
        )
        # The gate multiplies the narrow side: rank numbers a token, not a whole row of outputs.
        narrow = self.graph.op("Mul", narrow, self.gate)
        wide = self.graph.op(
            "MatMul", narrow, self.graph.weight(f"{name}_adapter_b", self.adapter[f"{stem}.b"].astype(kind))
        )
        return self.graph.op("Add", result, wide)

    def layer(
        self, index: int, weights: LayerWeights, x: ir.Value, added: ir.Value | None, dtype: ir.DataType
    ) -> tuple[ir.Value, ir.Value]:
        """One layer; returns the residual stream and the FFN branch still to be added to it."""
        self.graph.scope(f"layer{index}")
        normed, x = self.norm(x, added, weights.attention_norm)
        attended = self._attention(index, Activation(normed), weights, dtype)
        branch = self.linear(index, "output", Activation(attended), weights.output)
        branch = self._biased(branch, "output", weights.output_bias)
        normed, x = self.norm(x, branch, weights.ffn_norm)
        gate_up = self.linear(index, "gate_up", Activation(normed), weights.gate_up)
        gate_up = self._biased(gate_up, "gate_up", weights.gate_up_bias)
        gate, up = self.graph.ops("Split", gate_up, outputs=2, axis=-1, num_outputs=2)
        # QuickGelu with alpha 1 is x * sigmoid(x): SiLU in one node.
        product = self.graph.op("Mul", self.graph.op("QuickGelu", gate, domain=MS, alpha=1.0), up)
        down = self.linear(index, "down", Activation(product), weights.down)
        return x, self._biased(down, "down", weights.down_bias)

    def _biased(self, x: ir.Value, name: str, bias: Array | None) -> ir.Value:
        if bias is None:
            return x
        return self.graph.op("Add", x, self.graph.weight(f"{name}_bias", bias.astype(self.form.float_type)))

    def _attention(self, index: int, x: Activation, weights: LayerWeights, dtype: ir.DataType) -> ir.Value:
        graph, config = self.graph, self.config
        packed = self._biased(self.linear(index, "qkv", x, weights.qkv), "qkv", weights.qkv_bias)
        query_width, key_width = config.heads * config.head_size, config.kv_heads * config.head_size
        sizes = graph.constant([query_width, key_width, key_width], np.int64)
        query, key, value = graph.ops("Split", packed, sizes, outputs=3, axis=-1)
        query = self._head_norm(query, "query_norm", weights.query_norm)
        key = self._head_norm(key, "key_norm", weights.key_norm)
        shape: list[int | str] = [1, config.kv_heads, "capacity", config.head_size]
        past_key = graph.input(f"past_key_{index}", dtype, shape)
        past_value = graph.input(f"past_value_{index}", dtype, shape)
        # do_rotary inside GroupQueryAttention ignores non-contiguous positions when there is no past.
        attended, present_key, present_value = graph.ops(
            "GroupQueryAttention",
            self._rotate(query, config.heads),
            self._rotate(key, config.kv_heads),
            value,
            past_key,
            past_value,
            self.last_index,
            self.total_length,
            outputs=3,
            domain=MS,
            num_heads=config.heads,
            kv_num_heads=config.kv_heads,
            do_rotary=0,
            causal=int(self.form.causal),
        )
        graph.output(present_key, f"present_key_{index}", dtype, shape)
        graph.output(present_value, f"present_value_{index}", dtype, shape)
        return attended

    def _head_norm(self, x: ir.Value, name: str, scale: Array | None) -> ir.Value:
        """RMS norm of each head of x (1, tokens, heads * head_size) by itself."""
        if scale is None:
            return x
        graph = self.graph
        heads = graph.op("Reshape", x, graph.constant([0, 0, -1, self.config.head_size], np.int64))
        weight = graph.weight(name, scale.astype(self.form.float_type))
        normed = graph.op(
            "SimplifiedLayerNormalization",
            heads,
            weight,
            axis=-1,
            epsilon=self.config.norm_epsilon,
            stash_type=1,
        )
        return graph.op("Reshape", normed, graph.constant([0, 0, -1], np.int64))

    def _rotate(self, x: ir.Value, heads: int) -> ir.Value:
        return self.graph.op(
            "RotaryEmbedding",
            x,
            self.positions,
            self.cos,
            self.sin,
            domain=MS,
            interleaved=0,
            num_heads=heads,
        )
