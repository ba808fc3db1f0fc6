"""Turns a Hugging Face folder into a GGUF file the way llama.cpp's converter does.

Tensor names come from gguf-py's own table, special tokens from its `SpecialVocab`, quantisation from its
`quants`; the metadata keys and the order of query and key rows follow the converter's classes for Qwen2,
Dream and LLaDA. So what the reader is compared with is not derived from the reader.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import tokenizers
from numpy.typing import NDArray
from safetensors.numpy import load_file

ARCHITECTURES = {
    "qwen2": gguf.MODEL_ARCH.QWEN2,
    "dream": gguf.MODEL_ARCH.DREAM,
    "llada": gguf.MODEL_ARCH.LLADA,
}
PRE = {"qwen2": "qwen2", "dream": "qwen2", "llada": "bailingmoe"}

Tune = Callable[[gguf.GGUFWriter], None]


def permute(weights: NDArray[Any], heads: int) -> NDArray[Any]:
    """Interleave the two halves of each head's rows, for a rotary embedding of neighbours."""
    halves = weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:])
    return halves.swapaxes(1, 2).reshape(weights.shape)


def write_gguf(
    folder: Path,
    path: Path,
    architecture: str,
    *,
    kind: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.F32,
    kind_of: dict[str, gguf.GGMLQuantizationType] | None = None,
    extra: dict[str, NDArray[np.float32]] | None = None,
    tune: Tune | None = None,
) -> Path:
    """Write `path` from the checkpoint in `folder`.

    Args:
        folder: with config.json, tokenizer.json and model.safetensors.
        path: the file to write.
        architecture: `qwen2`, `dream` or `llada`.
        kind: of the matrices; vectors are always F32.
        kind_of: other kinds for tensors, by GGUF name.
        extra: tensors to add, by GGUF name.
        tune: adds or changes metadata before the file is written.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(path, architecture)
    _add_parameters(writer, config, architecture)
    _add_vocabulary(writer, folder, config, architecture)
    if tune is not None:
        tune(writer)
    layers = config.get("num_hidden_layers", config.get("n_layers"))
    heads = config.get("num_attention_heads", config.get("n_heads"))
    kv_heads = config.get("num_key_value_heads", config.get("n_kv_heads"))
    table = gguf.get_tensor_name_map(ARCHITECTURES[architecture], layers)
    tensors: dict[str, NDArray[Any]] = {}
    for name, array in load_file(folder / "model.safetensors").items():
        gguf_name = table.get_name(name, try_suffixes=(".weight", ".bias"))
        assert gguf_name is not None, name
        interleaved = architecture == "llada" and name.endswith(("q_proj.weight", "k_proj.weight"))
        tensors[gguf_name] = permute(array, heads if "q_proj" in name else kv_heads) if interleaved else array
    for name, array in {**tensors, **(extra or {})}.items():
        wanted = (kind_of or {}).get(name, kind)
        if array.ndim < 2:
            wanted = gguf.GGMLQuantizationType.F32
        packed = gguf.quants.quantize(np.ascontiguousarray(array), wanted)
        writer.add_tensor(name, packed, raw_dtype=wanted)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_parameters(writer: gguf.GGUFWriter, config: dict[str, Any], architecture: str) -> None:
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    if architecture == "llada":
        writer.add_block_count(config["n_layers"])
        writer.add_head_count(config["n_heads"])
        writer.add_head_count_kv(config["n_kv_heads"])
        writer.add_vocab_size(config["vocab_size"])
        writer.add_rope_dimension_count(config["d_model"] // config["n_heads"])
        writer.add_context_length(config["max_sequence_length"])
        writer.add_embedding_length(config["d_model"])
        writer.add_feed_forward_length(config["mlp_hidden_size"])
        writer.add_causal_attention(False)
        writer.add_diffusion_shift_logits(False)
        return
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    if architecture == "dream":
        writer.add_causal_attention(False)


def _add_vocabulary(writer: gguf.GGUFWriter, folder: Path, config: dict[str, Any], architecture: str) -> None:
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    added = tokenizer.get_added_tokens_decoder()
    texts: list[str] = []
    types: list[int] = []
    for index in range(config["vocab_size"]):
        text = tokenizer.id_to_token(index)
        if text is None:
            texts.append(f"[PAD{index}]")
            types.append(gguf.TokenType.UNUSED)
            continue
        texts.append(text)
        if index not in added:
            types.append(gguf.TokenType.NORMAL)
        elif added[index].special or (text.startswith("<|") and text.endswith("|>")):
            types.append(gguf.TokenType.CONTROL)
        else:
            types.append(gguf.TokenType.USER_DEFINED)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE[architecture])
    writer.add_token_list(texts)
    writer.add_token_types(types)
    gguf.SpecialVocab(folder, load_merges=True).add_to_gguf(writer)
    if architecture == "dream" and config.get("mask_token_id") is not None:
        _set(writer, "tokenizer.ggml.mask_token_id", config["mask_token_id"])
    if architecture == "llada":
        _set(writer, "tokenizer.ggml.add_bos_token", True)


def _set(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    """Set a key that `SpecialVocab` may have set already."""
    writer.kv_data[0].pop(key, None)
    kind = gguf.GGUFValueType.BOOL if isinstance(value, bool) else gguf.GGUFValueType.UINT32
    writer.add_key_value(key, value, kind)
