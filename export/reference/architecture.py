"""Sizes and tensor names of one checkpoint, told from its config.json and from which tensors it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from export.checkpoints.base import Checkpoint
from runtime.errors import ModelFileError

OLMO_EMBEDDING = "model.transformer.wte.weight"
"""LLaDA's tensors and settings are named as OLMo's."""

OLMO_NAMES = {
    "embedding": OLMO_EMBEDDING,
    "final_norm": "model.transformer.ln_f.weight",
    "head": "model.transformer.ff_out.weight",
    "layer": "model.transformer.blocks.{}.",
    "attention_norm": "attn_norm",
    "q": "q_proj",
    "k": "k_proj",
    "v": "v_proj",
    "o": "attn_out",
    "ffn_norm": "ff_norm",
    "gate": "ff_proj",
    "up": "up_proj",
    "down": "ff_out",
}

HUGGING_FACE_NAMES = {
    "embedding": "model.embed_tokens.weight",
    "final_norm": "model.norm.weight",
    "head": "lm_head.weight",
    "layer": "model.layers.{}.",
    "attention_norm": "input_layernorm",
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Everything the definition needs beside the weights."""

    layers: int
    heads: int
    kv_heads: int
    head_size: int
    rope_theta: float
    epsilon: float
    tied: bool
    names: Mapping[str, str]


def read_architecture(checkpoint: Checkpoint) -> Architecture:
    """Read it off a checkpoint.

    Raises:
        ModelFileError: config.json lacks a field, or the checkpoint is no such decoder.
    """
    config, names = checkpoint.config, checkpoint.tensors.names()
    try:
        if OLMO_EMBEDDING in names:
            heads = config["n_heads"]
            return Architecture(
                layers=config["n_layers"],
                heads=heads,
                kv_heads=config.get("n_kv_heads") or heads,
                head_size=config["d_model"] // heads,
                rope_theta=config["rope_theta"],
                epsilon=config["rms_norm_eps"],
                tied=_tied(config.get("weight_tying"), OLMO_NAMES["head"] in names),
                names=OLMO_NAMES,
            )
        if HUGGING_FACE_NAMES["embedding"] not in names:
            raise ModelFileError(
                "The checkpoint has no embedding under a known name; there is no reference for it."
            )
        heads = config["num_attention_heads"]
        theta = config.get("rope_theta") or (config.get("rope_parameters") or {})["rope_theta"]
        return Architecture(
            layers=config["num_hidden_layers"],
            heads=heads,
            kv_heads=config.get("num_key_value_heads") or heads,
            head_size=config.get("head_dim") or config["hidden_size"] // heads,
            rope_theta=theta,
            epsilon=config["rms_norm_eps"],
            tied=_tied(config.get("tie_word_embeddings"), HUGGING_FACE_NAMES["head"] in names),
            names=HUGGING_FACE_NAMES,
        )
    except KeyError as error:
        raise ModelFileError(f"config.json lacks `{error.args[0]}`.") from error


def _tied(declared: Any, has_head: bool) -> bool:
    return not has_head if declared is None else bool(declared)
