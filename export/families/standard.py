"""Sizes and tensors of Qwen2-, Qwen3- and Llama-style decoders, which share names and fields.

Sources: the configuration and modelling files of these architectures in Hugging Face transformers.
"""

from typing import Any

from export.checkpoints.base import Checkpoint
from export.decoder import DecoderConfig
from export.families.fields import Fields
from export.families.tensors import CheckpointWeights, TensorKinds
from runtime.errors import ModelFileError


def qwen2_weights(checkpoint: Checkpoint, family: str) -> CheckpointWeights:
    """Biases on query, key and value alone.

    Raises:
        ModelFileError: see `read_sizes` and `CheckpointWeights`.
    """
    fields = Fields(checkpoint.config)
    fields.require("attention_bias", True, default=True)
    kinds = TensorKinds(tied=fields.flag("tie_word_embeddings"), qkv_bias=True)
    return CheckpointWeights(checkpoint.tensors, read_sizes(checkpoint, family, kinds.qkv_bias), kinds)


def qwen3_weights(checkpoint: Checkpoint, family: str) -> CheckpointWeights:
    """An RMS norm on each head's query and key; biases only where `attention_bias` says so.

    Raises:
        ModelFileError: see `read_sizes` and `CheckpointWeights`.
    """
    fields = Fields(checkpoint.config)
    biased = bool(fields.flag("attention_bias", default=False))
    kinds = TensorKinds(
        tied=fields.flag("tie_word_embeddings"), qkv_bias=biased, output_bias=biased, head_norms=True
    )
    return CheckpointWeights(checkpoint.tensors, read_sizes(checkpoint, family, kinds.qkv_bias), kinds)


def llama_weights(checkpoint: Checkpoint, family: str) -> CheckpointWeights:
    """Biases only where `attention_bias` and `mlp_bias` say so.

    Raises:
        ModelFileError: see `read_sizes` and `CheckpointWeights`.
    """
    fields = Fields(checkpoint.config)
    biased = bool(fields.flag("attention_bias", default=False))
    kinds = TensorKinds(
        tied=fields.flag("tie_word_embeddings"),
        qkv_bias=biased,
        output_bias=biased,
        ffn_bias=bool(fields.flag("mlp_bias", default=False)),
    )
    return CheckpointWeights(checkpoint.tensors, read_sizes(checkpoint, family, kinds.qkv_bias), kinds)


def read_sizes(checkpoint: Checkpoint, family: str, qkv_bias: bool) -> DecoderConfig:
    """Sizes and constants from config.json.

    Raises:
        ModelFileError: a field is missing, impossible, or asks for something the graph lacks
            (sliding windows, another activation, scaled rotary positions).
    """
    fields = Fields(checkpoint.config)
    fields.require("hidden_act", "silu", default="silu")
    if fields.flag("use_sliding_window"):
        raise ModelFileError(
            "config.json sets `use_sliding_window`; sliding-window attention is not supported."
        )
    layers = fields.count("num_hidden_layers")
    for kind in fields.get("layer_types") or ():
        if kind != "full_attention":
            raise ModelFileError(
                f"config.json has {kind!r} among its `layer_types`; only 'full_attention' is supported."
            )
    width, heads = fields.count("hidden_size"), fields.count("num_attention_heads")
    kv_heads = fields.count("num_key_value_heads", default=heads)
    return DecoderConfig(
        family=family,
        layers=layers,
        width=width,
        heads=heads,
        kv_heads=check_kv_heads(heads, kv_heads, "num_attention_heads", "num_key_value_heads"),
        head_size=_head_size(fields, width, heads),
        ffn_width=fields.count("intermediate_size"),
        vocabulary=fields.count("vocab_size"),
        rope_base=_rope_base(fields),
        norm_epsilon=fields.number("rms_norm_eps"),
        context_length=fields.count("max_position_embeddings"),
        qkv_bias=qkv_bias,
    )


def check_kv_heads(heads: int, kv_heads: int, heads_field: str, kv_heads_field: str) -> int:
    """`kv_heads`, which must share the query heads evenly.

    Raises:
        ModelFileError: it doesn't.
    """
    if heads % kv_heads:
        raise ModelFileError(
            f"config.json has {kv_heads} as `{kv_heads_field}`, which does not divide the {heads} of "
            f"`{heads_field}`."
        )
    return kv_heads


def check_head_size(size: int, field: str) -> int:
    """`size`, which rotary positions turn in pairs.

    Raises:
        ModelFileError: it is odd.
    """
    if size % 2:
        raise ModelFileError(
            f"config.json gives heads of {size} numbers (`{field}`); rotary positions need an even number."
        )
    return size


def _head_size(fields: Fields, width: int, heads: int) -> int:
    if fields.get("head_dim") is not None:
        return check_head_size(fields.count("head_dim"), "head_dim")
    if width % heads:
        raise ModelFileError(
            f"config.json lacks `head_dim`, and its `hidden_size` of {width} can't be shared among "
            f"{heads} heads (`num_attention_heads`)."
        )
    return check_head_size(width // heads, "hidden_size / num_attention_heads")


def _rope_base(fields: Fields) -> float:
    """`rope_theta`, in its old place or in transformers 5's `rope_parameters`; unscaled only.

    No checkpoint of the supported families scales its rotary positions.
    """
    for name in ("rope_parameters", "rope_scaling"):
        scaling: Any = fields.get(name)
        if scaling is None:
            continue
        if not isinstance(scaling, dict):
            raise fields.refuse(name, "null or an object")
        kind = scaling.get("rope_type", scaling.get("type", "default"))
        if kind != "default":
            raise ModelFileError(
                f"config.json asks for {kind!r} rotary positions in `{name}`; "
                "only unscaled ones are supported."
            )
        if fields.get("rope_theta") is None and "rope_theta" in scaling:
            return Fields(scaling).number("rope_theta")
    return fields.number("rope_theta")
