"""Small random checkpoints laid out exactly like the published ones of each family.

Names, shapes and configuration fields are those of the real `config.json`, `tokenizer_config.json` and
index files; only the sizes are small. Weights are seeded; the tokenizer is a real byte-level BPE trained
on the code below, with the family's own special tokens.

    folder = make_checkpoint(tmp_path / "dream", "dream", shards=2)
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from checkpoint_recipes import NOT_SPECIAL, RECIPES
from numpy.typing import NDArray
from random_decoder import SAMPLE
from safetensors.numpy import save_file
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from export.gguf.tokenizer import QWEN2_SPLIT

TEXT_TOKENS = 400
PADDED_ROWS = 512
"""Rows of the embedding: more than the tokens, as in real checkpoints."""

EMBEDDING_SPREAD = 0.2
"""Of the head as well; logits then vary by about 1.6."""

Arrays = dict[str, NDArray[np.float32]]


def make_checkpoint(
    parent: Path,
    family: str,
    *,
    seed: int = 0,
    tied: bool | None = None,
    shards: int = 1,
    layers: int = 2,
    drop: tuple[str, ...] = (),
    lack: tuple[str, ...] = (),
    folder: str | None = None,
    lose: str | None = None,
    extra: Arrays | None = None,
    **config: Any,
) -> Path:
    """Write a checkpoint into `parent / <the published name>` and return that folder.

    Args:
        parent: where to put the folder.
        family: a key of `RECIPES`.
        seed: of the weights.
        tied: whether the head is the embedding; the recipe's by default.
        shards: of the safetensors files; with more than one there is an index.
        layers: how many.
        drop: fields to leave out of config.json, tokenizer_config.json and special_tokens_map.json.
        lack: special tokens to leave out of the tokenizer.
        folder: the folder's name, in place of the published one.
        lose: leave out the tensors whose names contain this.
        extra: tensors to add to the weights, or to put in the place of those of the same name.
        config: fields of config.json to add or change.
    """
    recipe = RECIPES[family]
    place = parent / (folder or recipe.folder)
    place.mkdir(parents=True)
    tokenizer = make_tokenizer(tuple(token for token in recipe.added if token not in lack))
    tokenizer.save(str(place / "tokenizer.json"))
    tied = recipe.tied if tied is None else tied
    fields = {**_sizes(recipe.sizes, layers, tied), **recipe.config, **config}
    _write_json(place / "config.json", fields, tokenizer, drop)
    _write_json(place / "tokenizer_config.json", recipe.tokenizer, tokenizer, drop)
    if recipe.special_map:
        _write_json(place / "special_tokens_map.json", recipe.special_map, tokenizer, drop)
    if recipe.generation:
        _write_json(place / "generation_config.json", recipe.generation, tokenizer, drop)
    tensors = random_tensors(recipe.sizes, fields, tied=tied, seed=seed)
    if lose is not None:
        tensors = {name: array for name, array in tensors.items() if lose not in name}
    _save(place, tensors | (extra or {}), shards)
    return place


def make_tokenizer(added: tuple[str, ...]) -> tokenizers.Tokenizer:
    """Byte-level BPE of Qwen2's kind; `added` come last, flagged as the published tokenizers do."""
    result = tokenizers.Tokenizer(models.BPE())
    result.normalizer = normalizers.NFC()
    result.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(QWEN2_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    result.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=TEXT_TOKENS,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    result.train_from_iterator([SAMPLE], trainer)
    for name in added:
        token = tokenizers.AddedToken(name, normalized=False, special=name not in NOT_SPECIAL)
        if token.special:
            result.add_special_tokens([token])
        else:
            result.add_tokens([token])
    return result


def _sizes(kind: str, layers: int, tied: bool) -> dict[str, Any]:
    if kind == "llada":
        return {
            "activation_type": "silu",
            "alibi": False,
            "attention_layer_norm": False,
            "bias_for_layer_norm": False,
            "block_group_size": 1,
            "block_type": "llama",
            "d_model": 64,
            "embedding_size": PADDED_ROWS,
            "include_bias": False,
            "include_qkv_bias": False,
            "input_emb_norm": False,
            "layer_norm_type": "rms",
            "layer_norm_with_affine": True,
            "max_sequence_length": 512,
            "mlp_hidden_size": 96,
            "mlp_ratio": 4,
            "multi_query_attention": None,
            "n_heads": 4,
            "n_kv_heads": 4,
            "n_layers": layers,
            "rms_norm_eps": 1e-5,
            "rope": True,
            "rope_full_precision": True,
            "rope_theta": 500000.0,
            "scale_logits": False,
            "vocab_size": PADDED_ROWS,
            "weight_tying": tied,
        }
    sizes: dict[str, Any] = {
        "hidden_act": "silu",
        "hidden_size": 64,
        "initializer_range": 0.02,
        "intermediate_size": 96,
        "max_position_embeddings": 512,
        "max_window_layers": layers,
        "num_attention_heads": 4,
        "num_hidden_layers": layers,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-6,
        "rope_scaling": None,
        "rope_theta": 1000000.0,
        "sliding_window": None,
        "tie_word_embeddings": tied,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": PADDED_ROWS,
    }
    if kind == "qwen3":
        sizes["head_dim"] = 32  # Qwen3's heads are wider than the model's width over their number
    return sizes


def random_tensors(kind: str, config: dict[str, Any], *, tied: bool, seed: int) -> Arrays:
    """Weights under the published names, (out, in) as checkpoints store them."""
    generator = np.random.default_rng(seed)

    def matrix(*shape: int, spread: float | None = None) -> NDArray[np.float32]:
        # Each layer keeps the size of what it gets, as trained ones do.
        spread = shape[-1] ** -0.5 if spread is None else spread
        return (generator.standard_normal(shape) * spread).astype(np.float32)

    def norm(size: int) -> NDArray[np.float32]:
        return 1 + matrix(size, spread=0.1)

    if kind == "llada":
        width, ffn = config["d_model"], config["mlp_hidden_size"]
        key = config["n_kv_heads"] * width // config["n_heads"]
        rows = config["embedding_size"]
        stem = "model.transformer."
        tensors = {
            f"{stem}wte.weight": matrix(rows, width, spread=EMBEDDING_SPREAD),
            f"{stem}ln_f.weight": norm(width),
        }
        if not tied:
            tensors[f"{stem}ff_out.weight"] = matrix(rows, width, spread=EMBEDDING_SPREAD)
        for index in range(config["n_layers"]):
            layer = f"{stem}blocks.{index}."
            tensors |= {
                f"{layer}attn_norm.weight": norm(width),
                f"{layer}q_proj.weight": matrix(width, width),
                f"{layer}k_proj.weight": matrix(key, width),
                f"{layer}v_proj.weight": matrix(key, width),
                f"{layer}attn_out.weight": matrix(width, width),
                f"{layer}ff_norm.weight": norm(width),
                f"{layer}ff_proj.weight": matrix(ffn, width),
                f"{layer}up_proj.weight": matrix(ffn, width),
                f"{layer}ff_out.weight": matrix(width, ffn),
            }
            if config["include_qkv_bias"]:
                for name, size in (("q", width), ("k", key), ("v", key)):
                    tensors[f"{layer}{name}_proj.bias"] = matrix(size, spread=0.5)
        return tensors

    width, ffn, rows = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    size = config.get("head_dim") or width // config["num_attention_heads"]
    query, key = config["num_attention_heads"] * size, config["num_key_value_heads"] * size
    tensors = {
        "model.embed_tokens.weight": matrix(rows, width, spread=EMBEDDING_SPREAD),
        "model.norm.weight": norm(width),
    }
    if not tied:
        tensors["lm_head.weight"] = matrix(rows, width, spread=EMBEDDING_SPREAD)
    for index in range(config["num_hidden_layers"]):
        layer = f"model.layers.{index}."
        tensors |= {
            f"{layer}input_layernorm.weight": norm(width),
            f"{layer}self_attn.q_proj.weight": matrix(query, width),
            f"{layer}self_attn.k_proj.weight": matrix(key, width),
            f"{layer}self_attn.v_proj.weight": matrix(key, width),
            f"{layer}self_attn.o_proj.weight": matrix(width, query),
            f"{layer}post_attention_layernorm.weight": norm(width),
            f"{layer}mlp.gate_proj.weight": matrix(ffn, width),
            f"{layer}mlp.up_proj.weight": matrix(ffn, width),
            f"{layer}mlp.down_proj.weight": matrix(width, ffn),
        }
        biases: dict[str, int] = {}
        if kind == "qwen2" or config.get("attention_bias"):
            biases |= {"self_attn.q": query, "self_attn.k": key, "self_attn.v": key}
        if kind != "qwen2" and config.get("attention_bias"):
            biases["self_attn.o"] = width
        if config.get("mlp_bias"):
            biases |= {"mlp.gate": ffn, "mlp.up": ffn, "mlp.down": width}
        for name, size_ in biases.items():
            tensors[f"{layer}{name}_proj.bias"] = matrix(size_, spread=0.5)
        if kind == "qwen3":
            tensors[f"{layer}self_attn.q_norm.weight"] = norm(size)
            tensors[f"{layer}self_attn.k_norm.weight"] = norm(size)
    return tensors


def _write_json(
    path: Path, fields: dict[str, Any], tokenizer: tokenizers.Tokenizer, drop: tuple[str, ...]
) -> None:
    def resolve(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("id:"):
            return tokenizer.token_to_id(value[3:])
        if isinstance(value, list):
            return [resolve(item) for item in value]
        return value

    kept = {name: resolve(value) for name, value in fields.items() if name not in drop}
    path.write_text(json.dumps(kept, indent=2, ensure_ascii=False), encoding="utf-8")


def _save(folder: Path, tensors: Arrays, shards: int) -> None:
    if shards == 1:
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        return
    names = sorted(tensors)
    weight_map: dict[str, str] = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = {name: tensors[name] for name in names[shard::shards]}
        save_file(part, folder / file, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(part, file)
    total = sum(array.nbytes for array in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")
