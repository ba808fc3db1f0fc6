"""What is missing or contradictory in a checkpoint is one sentence that names it, and leaves no folder."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tokenizers
from checkpoint_maker import make_checkpoint
from family_models import quiet
from tokenizers import models

from export.checkpoints import TensorStore, open_checkpoint
from export.convert import convert_checkpoint
from export.decoder import Array
from export.families import read_denoiser
from runtime.errors import ModelFileError, UsageError


def convert(checkpoint: Path, **options: Any) -> Path:
    out = checkpoint.parent / "models" / "out"
    settings: dict[str, Any] = {"name": "tiny", "quantization": "none", "progress": quiet, **options}
    convert_checkpoint(open_checkpoint(checkpoint, progress=quiet), out, **settings)
    return out


def nothing_remains(checkpoint: Path) -> bool:
    models_folder = checkpoint.parent / "models"
    return not models_folder.exists() or not list(models_folder.iterdir())


NAN = np.full((64, 96), np.nan, np.float32)

CONTRADICTIONS: dict[str, tuple[str, Mapping[str, Any], str]] = {
    "mask outside the vocabulary": (
        "dream",
        {"mask_token_id": 512, "drop": ("mask_token",)},
        "mask_token_id",
    ),
    "mask without a token": ("dream", {"mask_token_id": 500, "drop": ("mask_token",)}, "no token for"),
    "mask that is no id": ("dream", {"mask_token_id": "<|mask|>"}, "mask_token_id"),
    "two masks": ("dream", {"mask_token_id": 401}, "contradicts itself.*mask"),
    "no mask": (
        "dream",
        {"lack": ("<|mask|>",), "drop": ("mask_token_id", "mask_token")},
        "no mask token.*mask_token_id",
    ),
    "no mask for llada": ("llada", {"lack": ("<|mdm_mask|>",), "drop": ("mask_token_id",)}, "no mask token"),
    "no end": ("stable-diffcoder", {"drop": ("eos_token_id", "eos_token")}, "eos_token_id"),
    "end outside the vocabulary": ("dream", {"eos_token_id": [400, 9999]}, "eos_token_id.*9,999"),
    "no block length": ("fast-dllm-v2", {"drop": ("bd_size",)}, "bd_size"),
    "block length of nought": ("sdar", {"block_size": 0}, "block_size"),
    "block length against the name": ("sdar", {"folder": "SDAR-4B-Chat-b32"}, "block_size.*sdar-4b-chat-b32"),
    "objective unknown": ("a2d-qwen2-mdlm", {"folder": "my-model"}, "--family a2d-qwen2-mdlm"),
    "kv heads": ("dream", {"num_key_value_heads": 3}, "num_key_value_heads"),
    "odd heads": ("sdar", {"head_dim": 15}, "head_dim"),
    "width not shared": ("dream", {"num_attention_heads": 5, "num_key_value_heads": 5}, "head_dim"),
    "no layers": ("dream", {"drop": ("num_hidden_layers",)}, "num_hidden_layers"),
    "a number as text": ("dream", {"rms_norm_eps": "1e-6"}, "rms_norm_eps"),
    "no rotary base": ("dream", {"drop": ("rope_theta",)}, "rope_theta"),
    "scaled positions": (
        "dream",
        {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}},
        "yarn.*rope_scaling",
    ),
    "scaled positions of old": ("dream", {"rope_scaling": {"type": "linear", "factor": 2.0}}, "linear"),
    "scaled positions of transformers 5": (
        "stable-diffcoder",
        {"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5}},
        "llama3.*rope_parameters",
    ),
    "sliding windows": ("dream", {"use_sliding_window": True}, "use_sliding_window"),
    "sliding layers": (
        "fast-dllm-v2",
        {"layer_types": ["full_attention", "sliding_attention"]},
        "layer_types",
    ),
    "activation": ("dream", {"hidden_act": "gelu"}, "hidden_act"),
    "tokenizer of another model": ("dream", {"vocab_size": 300}, "vocab_size"),
    "missing tensors": ("sdar", {"lose": "k_norm"}, "lacks the tensors .*k_norm"),
    "unexpected tensor": (
        "dream",
        {"extra": {"model.layers.0.mlp.router.weight": np.ones((4, 4), np.float32)}},
        "model.layers.0.mlp.router.weight",
    ),
    "shape": (
        "dream",
        {"extra": {"model.norm.weight": np.ones(32, np.float32)}},
        r"model.norm.weight.*\[32\]",
    ),
    "head of its own though tied": ("dream", {"tie_word_embeddings": True}, "tie_word_embeddings"),
    "no head though untied": ("dream", {"tied": True, "tie_word_embeddings": False}, "lm_head.weight"),
    "not a number": ("dream", {"extra": {"model.layers.1.mlp.down_proj.weight": NAN}}, "down_proj"),
    "llada's alibi": ("llada", {"alibi": True}, "alibi"),
    "llada without rotary positions": ("llada", {"rope": False}, "`rope`"),
    "llada's other blocks": ("llada", {"block_type": "sequential"}, "block_type"),
    "llada's other norm": ("llada", {"layer_norm_type": "default"}, "layer_norm_type"),
    "llada's norms of heads": ("llada", {"attention_layer_norm": True}, "attention_layer_norm"),
    "llada's scaled logits": ("llada", {"scale_logits": True}, "scale_logits"),
    "llada's kv heads": ("llada", {"n_kv_heads": 3}, "n_kv_heads"),
    "llada's width": ("llada", {"n_heads": 5, "n_kv_heads": 5}, "d_model"),
    "unsupported architecture": (
        "dream",
        {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2"},
        "GPT2LMHeadModel.*dreamon.*llada.*qwen2",
    ),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_refused_with_one_sentence(tmp_path: Path, case: str) -> None:
    family, options, message = CONTRADICTIONS[case]
    checkpoint = make_checkpoint(tmp_path, family, **options)
    with pytest.raises(ModelFileError, match=message) as raised:
        convert(checkpoint)
    assert "\n" not in str(raised.value)
    assert nothing_remains(checkpoint)


class Unread:
    """A checkpoint's tensors, none of which may be read."""

    def __init__(self, store: TensorStore) -> None:
        self.names, self.shape = store.names, store.shape

    def tensor(self, name: str) -> Array:
        raise AssertionError(f"{name} was read")


@pytest.mark.parametrize("case", ["shape", "missing tensors", "unexpected tensor"])
def test_names_and_shapes_are_checked_before_anything_is_read(tmp_path: Path, case: str) -> None:
    family, options, message = CONTRADICTIONS[case]
    checkpoint = open_checkpoint(make_checkpoint(tmp_path, family, **options), progress=quiet)
    with pytest.raises(ModelFileError, match=message):
        read_denoiser(replace(checkpoint, tensors=Unread(checkpoint.tensors)))


def test_a_dream_is_no_dreamon(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="expand_token_id"):
        convert(make_checkpoint(tmp_path, "dream"), family="dreamon")


def test_a_tokenizer_that_is_not_byte_level(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path, "dream")
    words = tokenizers.Tokenizer(models.WordLevel({"def": 0, "[UNK]": 1}, unk_token="[UNK]"))
    words.save(str(checkpoint / "tokenizer.json"))
    with pytest.raises(ModelFileError, match="byte-level BPE"):
        convert(checkpoint)
    assert nothing_remains(checkpoint)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"family": "gpt2"}, "gpt2.*dreamon"),
        ({"quantization": "int3"}, "int3"),
        ({"vocabulary": "latin"}, "latin"),
        ({"adapter": Path("adapter.safetensors")}, "causal"),
    ],
)
def test_arguments_that_do_not_fit(tmp_path: Path, options: Mapping[str, Any], message: str) -> None:
    checkpoint = make_checkpoint(tmp_path, "dream")
    with pytest.raises(UsageError, match=message):
        convert(checkpoint, **options)
    assert nothing_remains(checkpoint)


def test_widths_that_four_bits_do_not_suit(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path, "dream", intermediate_size=80)
    with pytest.raises(UsageError, match=r"multiples of 32.*80"):
        convert(checkpoint, quantization="int4")
    assert nothing_remains(checkpoint)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path, "dream")
    out = tmp_path / "models" / "out"
    out.mkdir(parents=True)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="exists already"):
        convert(checkpoint)
    assert [path.name for path in out.parent.rglob("*")] == ["out", "notes.txt"]


def test_interrupted(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path, "dream")

    def interrupt(stage: str, done: float) -> None:
        if stage == "layers" and done > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(checkpoint, progress=interrupt)
    assert nothing_remains(checkpoint)
