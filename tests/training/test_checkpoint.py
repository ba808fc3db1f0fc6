"""What a run leaves: a folder that reads as a Tiny-A2D checkpoint, replaced whole or not at all."""

import json
from pathlib import Path

import pytest
import torch
from corpora import SHAPE
from safetensors import safe_open

from export.training import checkpoint
from export.training.model import Denoiser
from runtime.errors import InputError


@pytest.fixture
def folder(corpus: Path, tmp_path: Path) -> Path:
    torch.manual_seed(0)
    checkpoint.save_folder(tmp_path / "model", Denoiser(SHAPE), corpus / "tokenizer.json", window=64)
    return tmp_path / "model"


def test_the_configuration_is_of_its_kind(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())

    assert config["model_type"] == "a2d-qwen3"
    assert config["architectures"] == ["A2DQwen3LMHeadModel"]
    assert config["tie_word_embeddings"] is True
    assert (config["hidden_size"], config["head_dim"], config["num_key_value_heads"]) == (32, 16, 1)
    vocabulary = json.loads((folder / "tokenizer.json").read_text())["model"]["vocab"]
    assert config["mask_token_id"] == vocabulary["<|mask|>"]
    assert config["expand_token_id"] == vocabulary["<|expand|>"]
    assert config["delete_token_id"] == config["eos_token_id"] == vocabulary["<|endoftext|>"]
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    assert (settings["mask_token"], settings["eos_token"]) == ("<|mask|>", "<|endoftext|>")


def test_the_weights_have_the_names_of_qwen3(folder: Path) -> None:
    with safe_open(folder / "model.safetensors", "pt") as file:
        names = set(file.keys())
        embedding = file.get_tensor("model.embed_tokens.weight")

    layer = {
        *(f"self_attn.{name}_proj.weight" for name in "qkvo"),
        *(f"self_attn.{name}_norm.weight" for name in "qk"),
        *(f"mlp.{name}_proj.weight" for name in ("gate", "up", "down")),
        "input_layernorm.weight",
        "post_attention_layernorm.weight",
    }
    expected = {f"model.layers.{number}.{name}" for number in range(2) for name in layer}
    assert names == expected | {"model.embed_tokens.weight", "model.norm.weight"}
    assert embedding.dtype == torch.float32


def test_what_was_written_is_read(folder: Path) -> None:
    torch.manual_seed(0)
    original = Denoiser(SHAPE)

    read = checkpoint.load_folder(folder)

    assert read.shape == SHAPE
    tokens = torch.arange(40)[None]
    assert torch.equal(read.hidden(tokens), original.hidden(tokens))


def test_a_second_write_replaces_the_first_and_leaves_nothing_else(folder: Path, corpus: Path) -> None:
    torch.manual_seed(1)
    second = Denoiser(SHAPE)
    checkpoint.save_folder(folder, second, corpus / "tokenizer.json", window=64)

    weight = checkpoint.load_folder(folder).model.embed_tokens.weight
    assert torch.equal(weight, second.model.embed_tokens.weight)
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_write_that_fails_keeps_the_folder_before(folder: Path, tmp_path: Path) -> None:
    before = (folder / "model.safetensors").read_bytes()

    with pytest.raises(InputError, match="There is no tokenizer"):
        checkpoint.save_folder(folder, Denoiser(SHAPE), tmp_path / "nothing.json", window=64)

    assert (folder / "model.safetensors").read_bytes() == before


def test_damaged_folders_are_refused(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"can't be read .* Train it again"):
        checkpoint.load_folder(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "llama"}))
    with pytest.raises(InputError, match="holds a llama model"):
        checkpoint.load_folder(folder)
    with pytest.raises(InputError, match="can't be read"):
        checkpoint.load_folder(folder / "nowhere")
