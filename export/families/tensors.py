"""A checkpoint's tensors as decoder weights, one layer at a time, whatever they are called.

Checks names and shapes of all of them before the first is read: a checkpoint with a tensor too
many, too few or of another shape is not the one its configuration describes.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from export.checkpoints.base import TensorStore, expect
from export.decoder import Array, DecoderConfig, LayerWeights
from runtime.errors import ModelFileError

IGNORED_ENDINGS = ("rotary_emb.inv_freq", "self_attn.bias", "self_attn.masked_bias")
"""Buffers that older programs saved along: they follow from the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorNames:
    """How a family names its tensors; the defaults are those of Qwen2, Qwen3 and Llama."""

    embedding: str = "model.embed_tokens.weight"
    head: str = "lm_head.weight"
    final_norm: str = "model.norm.weight"
    layer: str = "model.layers.{}."
    attention_norm: str = "input_layernorm"
    query: str = "self_attn.q_proj"
    key: str = "self_attn.k_proj"
    value: str = "self_attn.v_proj"
    query_norm: str = "self_attn.q_norm"
    key_norm: str = "self_attn.k_norm"
    output: str = "self_attn.o_proj"
    ffn_norm: str = "post_attention_layernorm"
    gate: str = "mlp.gate_proj"
    up: str = "mlp.up_proj"
    down: str = "mlp.down_proj"


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorKinds:
    """Which of the optional tensors a checkpoint has."""

    tied: bool | None
    """Whether the head is the embedding; None where the configuration leaves it to the tensors."""
    qkv_bias: bool = False
    output_bias: bool = False
    ffn_bias: bool = False
    head_norms: bool = False


class CheckpointWeights:
    """Decoder weights read from a checkpoint's tensors; a `DecoderWeights`."""

    def __init__(
        self,
        store: TensorStore,
        config: DecoderConfig,
        kinds: TensorKinds,
        names: TensorNames | None = None,
    ) -> None:
        """Check every tensor's name and shape; nothing but a tied head is read yet.

        Raises:
            ModelFileError: a tensor is missing, unexpected or of another shape, or the head
                contradicts `tie_word_embeddings`.
        """
        self.config = config
        self._store, self._kinds, self._names = store, kinds, names or TensorNames()
        has_head = self._names.head in store.names()
        self._tied = not has_head if kinds.tied is None else kinds.tied
        self._shapes = self._expected_shapes()
        self._check()
        if self._tied and has_head:
            self._check_tied()

    def _expected_shapes(self) -> dict[str, tuple[int, ...]]:
        config, names = self.config, self._names
        shapes: dict[str, tuple[int, ...]] = {
            names.embedding: (config.vocabulary, config.width),
            names.final_norm: (config.width,),
        }
        if not self._tied:
            shapes[names.head] = (config.vocabulary, config.width)
        for index in range(config.layers):
            shapes |= self._layer_shapes(index)
        return shapes

    def _layer_shapes(self, index: int) -> dict[str, tuple[int, ...]]:
        config, names, kinds = self.config, self._names, self._kinds
        width, ffn = config.width, config.ffn_width
        query, key = config.heads * config.head_size, config.kv_heads * config.head_size
        matrices = {
            names.query: ((query, width), kinds.qkv_bias),
            names.key: ((key, width), kinds.qkv_bias),
            names.value: ((key, width), kinds.qkv_bias),
            names.output: ((width, query), kinds.output_bias),
            names.gate: ((ffn, width), kinds.ffn_bias),
            names.up: ((ffn, width), kinds.ffn_bias),
            names.down: ((width, ffn), kinds.ffn_bias),
        }
        norms = {names.attention_norm: width, names.ffn_norm: width}
        if kinds.head_norms:
            norms |= {names.query_norm: config.head_size, names.key_norm: config.head_size}
        stem = names.layer.format(index)
        shapes: dict[str, tuple[int, ...]] = {f"{stem}{name}.weight": (size,) for name, size in norms.items()}
        for name, (shape, biased) in matrices.items():
            shapes[f"{stem}{name}.weight"] = shape
            if biased:
                shapes[f"{stem}{name}.bias"] = shape[:1]
        return shapes

    def _check(self) -> None:
        there = set(self._store.names())
        if missing := sorted(self._shapes.keys() - there):
            raise ModelFileError(f"The checkpoint lacks {_some(missing)}, which its config.json asks for.")
        tied_head = {self._names.head} if self._tied else set()
        unexpected = sorted(
            name for name in there - self._shapes.keys() - tied_head if not name.endswith(IGNORED_ENDINGS)
        )
        if unexpected:
            raise ModelFileError(
                f"The checkpoint has {_some(unexpected)}, which the family {self.config.family} has no "
                "place for. Is it of another family? Name it with --family."
            )
        for name, shape in self._shapes.items():
            found = self._store.shape(name)
            if found != shape:
                raise ModelFileError(
                    f"The tensor {name} has the shape {list(found)} where config.json asks for {list(shape)}."
                )

    def _check_tied(self) -> None:
        """A head that was saved along with its embedding must be that embedding."""
        embedding, head = (
            hashlib.sha256(self._store.tensor(name).data).digest()  # one at a time: they are the largest
            for name in (self._names.embedding, self._names.head)
        )
        if embedding != head:
            raise ModelFileError(
                "config.json says `tie_word_embeddings`, but the checkpoint has a head of its own "
                f"({self._names.head}) that differs from its embedding."
            )

    def _read(self, name: str) -> Array:
        return expect(self._store, name, self._shapes[name])

    def embedding(self) -> Array:
        """(vocabulary, width)."""
        return self._read(self._names.embedding)

    def head(self) -> Array:
        """(vocabulary, width)."""
        return self._read(self._names.embedding if self._tied else self._names.head)

    def final_norm(self) -> Array:
        """(width,)."""
        return self._read(self._names.final_norm)

    def layer(self, index: int) -> LayerWeights:
        """Weights of layer `index`, counted from 0."""
        names, kinds = self._names, self._kinds
        stem = names.layer.format(index)

        def vector(name: str) -> Array:
            return self._read(f"{stem}{name}.weight")

        def matrix(*parts: str) -> Array:
            stacked = [self._read(f"{stem}{part}.weight") for part in parts]
            return np.ascontiguousarray(np.concatenate(stacked).T)

        def bias(there: bool, *parts: str) -> Array | None:
            return np.concatenate([self._read(f"{stem}{part}.bias") for part in parts]) if there else None

        return LayerWeights(
            attention_norm=vector(names.attention_norm),
            qkv=matrix(names.query, names.key, names.value),
            qkv_bias=bias(kinds.qkv_bias, names.query, names.key, names.value),
            query_norm=vector(names.query_norm) if kinds.head_norms else None,
            key_norm=vector(names.key_norm) if kinds.head_norms else None,
            output=matrix(names.output),
            output_bias=bias(kinds.output_bias, names.output),
            ffn_norm=vector(names.ffn_norm),
            gate_up=matrix(names.gate, names.up),
            gate_up_bias=bias(kinds.ffn_bias, names.gate, names.up),
            down=matrix(names.down),
            down_bias=bias(kinds.ffn_bias, names.down),
        )


def _some(names: list[str]) -> str:
    """The first few of `names`, for an error's sentence."""
    shown = ", ".join(names[:3])
    more = f" and {len(names) - 3} more tensors" if len(names) > 3 else ""
    return f"the tensor{'s' if len(names) > 1 else ''} {shown}{more}"
