"""A GGUF file's metadata under the keys that Hugging Face's config.json has for the same model.

Two keys are no part of any config.json: `is_causal` and `shift_logits`, given where the file says so.
"""

from typing import Any

import numpy as np

from export.gguf.file import GgufFile
from runtime.errors import ModelFileError

_SIZES: dict[str, dict[str, str]] = {
    "hf": {
        "layers": "num_hidden_layers",
        "width": "hidden_size",
        "heads": "num_attention_heads",
        "kv_heads": "num_key_value_heads",
        "ffn_width": "intermediate_size",
        "context": "max_position_embeddings",
        "vocabulary": "vocab_size",
        "tied": "tie_word_embeddings",
    },
    "llada": {
        "layers": "n_layers",
        "width": "d_model",
        "heads": "n_heads",
        "kv_heads": "n_kv_heads",
        "ffn_width": "mlp_hidden_size",
        "context": "max_sequence_length",
        "vocabulary": "vocab_size",
        "tied": "weight_tying",
    },
}

_FIXED: dict[str, dict[str, Any]] = {
    "qwen2": {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_act": "silu"},
    "dream": {"model_type": "Dream", "architectures": ["DreamModel"], "hidden_act": "silu"},
    "llada": {
        "model_type": "llada",
        "architectures": ["LLaDAModelLM"],
        "activation_type": "silu",
        "alibi": False,
        "attention_layer_norm": False,
        "bias_for_layer_norm": False,
        "block_group_size": 1,
        "block_type": "llama",
        "include_bias": False,
        "include_qkv_bias": False,
        "input_emb_norm": False,
        "layer_norm_type": "rms",
        "layer_norm_with_affine": True,
        "rope": True,
        "scale_logits": False,
    },
}
"""What the architecture's name alone says in llama.cpp."""

_TOKENS = {"bos": "bos", "eos": "eos", "padding": "pad", "unknown": "unk", "mask": "mask"}
"""GGUF's names of special tokens, and Hugging Face's."""


def integer(file: GgufFile, key: str) -> int:
    """A count from the metadata.

    Raises:
        ModelFileError: it is missing or no positive integer.
    """
    value = file.field(key)
    if type(value) is not int or not 0 < value < 1 << 31:
        raise ModelFileError(f"{file.path} gives {key!r} as {value!r}, which is not a positive number.")
    return value


def number(file: GgufFile, key: str) -> float:
    """A real number from the metadata.

    Raises:
        ModelFileError: it is missing or no positive finite number.
    """
    value = file.field(key)
    if type(value) not in (int, float) or not 0 < value < float("inf"):
        raise ModelFileError(f"{file.path} gives {key!r} as {value!r}, which is not a positive number.")
    # A float32 read as a float64 shows digits nobody wrote: 1e-6 is meant, not 9.999999974752427e-07.
    with np.errstate(over="ignore"):
        single = np.float32(value)
    return float(str(single)) if single == value else float(value)


def head_size(file: GgufFile, architecture: str) -> int:
    """Size of an attention head.

    Raises:
        ModelFileError: sizes are missing or contradict each other, or the rotary embedding turns only a
            part of a head.
    """
    width, heads = (
        integer(file, f"{architecture}.{key}") for key in ("embedding_length", "attention.head_count")
    )
    key = f"{architecture}.attention.key_length"
    size = integer(file, key) if key in file.fields else width // heads
    rotary = f"{architecture}.rope.dimension_count"
    if rotary in file.fields and integer(file, rotary) != size:
        raise ModelFileError(
            f"{file.path} turns {file.fields[rotary]} of a head's {size} numbers by the rotary embedding; "
            "only models that turn all of them can be read."
        )
    if key not in file.fields and width % heads:
        raise ModelFileError(
            f"{file.path} gives a width of {width} for {heads} heads, which does not divide."
        )
    return size


def huggingface_config(file: GgufFile, architecture: str, *, tied: bool) -> dict[str, Any]:
    """The metadata as a config.json.

    Args:
        file: the GGUF file.
        architecture: its `general.architecture`, one of those in `names.py`.
        tied: whether the output projection is the embedding.

    Raises:
        ModelFileError: a key is missing or has a value that no model can have.
    """
    names = _SIZES["llada" if architecture == "llada" else "hf"]
    heads = integer(file, f"{architecture}.attention.head_count")
    kv_key = f"{architecture}.attention.head_count_kv"
    vocabulary = file.tensors["token_embd.weight"].shape[0]
    config: dict[str, Any] = {
        **_FIXED[architecture],
        names["layers"]: integer(file, f"{architecture}.block_count"),
        names["width"]: integer(file, f"{architecture}.embedding_length"),
        names["heads"]: heads,
        names["kv_heads"]: integer(file, kv_key) if kv_key in file.fields else heads,
        names["ffn_width"]: integer(file, f"{architecture}.feed_forward_length"),
        names["context"]: integer(file, f"{architecture}.context_length"),
        names["vocabulary"]: vocabulary,
        names["tied"]: tied,
        "rms_norm_eps": number(file, f"{architecture}.attention.layer_norm_rms_epsilon"),
        "rope_theta": number(file, f"{architecture}.rope.freq_base"),
    }
    if architecture == "llada":
        config["embedding_size"] = vocabulary
    elif f"{architecture}.attention.key_length" in file.fields:
        config["head_dim"] = head_size(file, architecture)
    config |= special_ids(file)
    scaling = _rope_scaling(file, architecture)
    if scaling is not None:
        config["rope_scaling"] = scaling
    for key, name in (
        (f"{architecture}.attention.causal", "is_causal"),
        ("diffusion.shift_logits", "shift_logits"),
    ):
        if key in file.fields:
            if type(file.fields[key]) is not bool:
                raise ModelFileError(
                    f"{file.path} gives {key!r} as {file.fields[key]!r}, not as true or false."
                )
            config[name] = file.fields[key]
    return config


def special_ids(file: GgufFile) -> dict[str, int]:
    """Ids of the special tokens the metadata names, as `mask_token_id` and so on.

    Raises:
        ModelFileError: an id lies outside the vocabulary.
    """
    tokens = file.field("tokenizer.ggml.tokens")
    result = {}
    for gguf_name, name in _TOKENS.items():
        key = f"tokenizer.ggml.{gguf_name}_token_id"
        index = file.fields.get(key)
        if index is None:
            continue
        if type(index) is not int or not 0 <= index < len(tokens):
            raise ModelFileError(f"{file.path} gives {key!r} as {index!r}, but has {len(tokens):,} tokens.")
        result[f"{name}_token_id"] = index
    return result


def _rope_scaling(file: GgufFile, architecture: str) -> dict[str, Any] | None:
    stem = f"{architecture}.rope.scaling"
    kind = file.fields.get(f"{stem}.type", "none")
    if kind == "none":
        return None
    if kind not in ("linear", "yarn"):
        raise ModelFileError(f"{file.path} stretches positions by {kind!r}; known are linear and yarn.")
    scaling: dict[str, Any] = {"rope_type": kind, "factor": number(file, f"{stem}.factor")}
    original = f"{stem}.original_context_length"
    if original in file.fields:
        scaling["original_max_position_embeddings"] = integer(file, original)
    return scaling
