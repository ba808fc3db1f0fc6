"""Writes what a run leaves: its state, to resume from, and a Hugging Face folder, to use.

Knows files; does not know how the model is trained. Both are replaced as a whole or not at all.
"""

import contextlib
import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from export.training import vocabulary
from export.training.model import Denoiser, Shape
from runtime.errors import InputError

MODEL_TYPE = "a2d-qwen3"
ARCHITECTURE = "A2DQwen3LMHeadModel"


def save_folder(folder: Path, model: Denoiser, tokenizer_file: Path, *, window: int) -> None:
    """Write the checkpoint as a Hugging Face folder, laid out like Tiny-A2D's.

    Raises:
        InputError: the tokenizer is missing or lacks a special token.
    """
    tokenizer = vocabulary.load_tokenizer(tokenizer_file)
    ids = vocabulary.token_ids(tokenizer)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    scratch.chmod(0o755)
    try:
        weights = {name: weight.detach().contiguous() for name, weight in model.state_dict().items()}
        save_file(weights, str(scratch / "model.safetensors"), metadata={"format": "pt"})
        (scratch / "model.safetensors").chmod(0o644)
        _write(scratch / "config.json", _config(model.shape, ids))
        _write(scratch / "tokenizer_config.json", _tokenizer_config(ids, window))
        tokenizer.save(str(scratch / "tokenizer.json"))
        old = folder.with_name(f".{folder.name}-old")
        shutil.rmtree(old, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            folder.rename(old)
        scratch.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def load_folder(folder: Path) -> Denoiser:
    """The model in a folder that `save_folder` wrote.

    Raises:
        InputError: it is missing or damaged, or of another kind.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config["model_type"] != MODEL_TYPE:
            raise InputError(
                f"{folder} holds a {config['model_type']} model. Name a folder that `train` wrote."
            )
        model = Denoiser(Shape(**{key: config[key] for key in Shape.__slots__}))
        model.load_state_dict(load_file(folder / "model.safetensors"))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise InputError(f"The checkpoint {folder} can't be read ({error}). Train it again.") from error
    return model


def _config(shape: Shape, ids: vocabulary.TokenIds) -> dict[str, Any]:
    return {
        "architectures": [ARCHITECTURE],
        "model_type": MODEL_TYPE,
        **asdict(shape),
        "attention_bias": False,
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "initializer_range": 0.02,
        "rope_scaling": None,
        "sliding_window": None,
        "tie_word_embeddings": True,
        "torch_dtype": "float32",
        "use_cache": False,
        "use_sliding_window": False,
        "bos_token_id": ids.delete,
        "eos_token_id": ids.delete,
        "pad_token_id": ids.delete,
        "mask_token_id": ids.mask,
        "expand_token_id": ids.expand,
        "delete_token_id": ids.delete,
    }


def _tokenizer_config(ids: vocabulary.TokenIds, window: int) -> dict[str, Any]:
    special = {
        vocabulary.EOS: ids.delete,
        vocabulary.MASK: ids.mask,
        vocabulary.EXPAND: ids.expand,
    }
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": window,
        "bos_token": None,
        "eos_token": vocabulary.EOS,
        "pad_token": vocabulary.EOS,
        "mask_token": vocabulary.MASK,
        "additional_special_tokens": [vocabulary.EXPAND],
        "clean_up_tokenization_spaces": False,
        "added_tokens_decoder": {
            str(number): {
                "content": token,
                "lstrip": False,
                "normalized": False,
                "rstrip": False,
                "single_word": False,
                "special": True,
            }
            for token, number in special.items()
        },
    }


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
