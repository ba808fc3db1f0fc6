"""The PyTorch reference itself: against transformers, and against itself with frozen keys."""

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoint_maker import make_checkpoint, make_tokenizer
from checkpoint_recipes import CHATML
from family_models import quiet
from numpy.typing import NDArray
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from export.checkpoints import Checkpoint, open_checkpoint
from export.reference import FrozenKeys, Pass, TorchDecoder
from runtime.errors import ModelFileError

torch.set_num_threads(1)  # see family_models.py

TOKENS = 26
IDS = np.random.default_rng(0).integers(0, 400, TOKENS).tolist()
POSITIONS = np.random.default_rng(1).permutation(4 * TOKENS)[:TOKENS].tolist()
SIZES: dict[str, Any] = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "rope_theta": 1e6,
    "attn_implementation": "eager",
}

MODELS: dict[str, tuple[type[PreTrainedModel], Any]] = {
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=False)),
    "qwen2 tied": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=True)),
    "qwen3": (Qwen3ForCausalLM, Qwen3Config(**SIZES, head_dim=32, tie_word_embeddings=False)),
    "qwen3 biased": (Qwen3ForCausalLM, Qwen3Config(**SIZES, head_dim=16, attention_bias=True)),
    "llama": (LlamaForCausalLM, LlamaConfig(**SIZES, rms_norm_eps=1e-5)),
    "llama biased": (LlamaForCausalLM, LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True)),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Checkpoint]:
    """A random model of transformers, and its checkpoint as transformers saves it."""
    cls, config = MODELS[request.param]
    torch.manual_seed(2)
    built: Any = cls(config).eval()
    with torch.no_grad():
        for name, parameter in built.named_parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.15 + ("norm" in name))
    folder = tmp_path_factory.mktemp("transformers")
    built.save_pretrained(folder)
    make_tokenizer(CHATML).save(str(folder / "tokenizer.json"))
    return built, open_checkpoint(folder, progress=quiet)


def masks() -> dict[str, NDArray[np.bool_]]:
    block = np.arange(TOKENS) // 4
    random = np.random.default_rng(3).random((TOKENS, TOKENS)) < 0.5
    return {
        "bidirectional": np.ones((TOKENS, TOKENS), bool),
        "causal": np.tril(np.ones((TOKENS, TOKENS), bool)),
        "block-causal": block[:, None] >= block[None, :],
        "random": random | np.eye(TOKENS, dtype=bool),
    }


@pytest.mark.parametrize("mask", masks())
def test_transformers_agrees(model: tuple[Any, Checkpoint], mask: str) -> None:
    built, checkpoint = model
    visible = masks()[mask]
    blocked = torch.zeros(TOKENS, TOKENS).masked_fill(~torch.from_numpy(visible), float("-inf"))
    with torch.no_grad():
        expected = built(
            input_ids=torch.tensor([IDS]),
            position_ids=torch.tensor([POSITIONS]),
            attention_mask=blocked[None, None],
            use_cache=False,
        ).logits[0]
    (result,) = TorchDecoder(checkpoint).run([Pass(ids=IDS, positions=POSITIONS, visible=visible)])
    assert expected.std() > 0.5
    assert np.abs(result.logits - expected.numpy()).max() < 5e-5


@pytest.fixture(params=["dream", "sdar", "llada", "stable-diffcoder"])
def decoder(request: pytest.FixtureRequest, tmp_path: Path) -> TorchDecoder:
    return TorchDecoder(open_checkpoint(make_checkpoint(tmp_path, request.param), progress=quiet))


def test_frozen_keys_are_those_of_one_pass(decoder: TorchDecoder) -> None:
    """Three passes, each behind the ones before it, are one pass with the mask that this makes."""
    borders = [0, 9, 17, TOKENS]
    frozen, rows = FrozenKeys(), []
    for start, end in itertools.pairwise(borders):
        (part,) = decoder.run(
            [
                Pass(
                    ids=IDS[start:end],
                    positions=POSITIONS[start:end],
                    visible=np.ones((end - start, end), bool),
                    frozen=frozen,
                )
            ]
        )
        frozen = frozen.then(part.left)
        rows.append(part.logits)
    number = np.searchsorted(borders, np.arange(TOKENS), side="right")
    visible = number[:, None] >= number[None, :]
    (whole,) = decoder.run([Pass(ids=IDS, positions=POSITIONS, visible=visible)])
    np.testing.assert_allclose(np.concatenate(rows), whole.logits, atol=2e-5)
    assert len(frozen) == TOKENS


def test_passes_side_by_side_are_independent(decoder: TorchDecoder) -> None:
    first = Pass(ids=IDS[:10], positions=range(10), visible=np.ones((10, 10), bool))
    second = Pass(ids=IDS[10:], positions=range(16), visible=np.ones((16, 16), bool), skip=5)
    together = decoder.run([first, second])
    apart = [decoder.run([each])[0] for each in (first, second)]
    for ours, alone in zip(together, apart, strict=True):
        np.testing.assert_array_equal(ours.logits, alone.logits)
    assert len(together[1].logits) == 11


def test_what_a_token_can_not_see_changes_nothing(decoder: TorchDecoder) -> None:
    visible = np.ones((6, 6), bool)
    visible[:3, 3:] = False
    rows = [
        decoder.run([Pass(ids=[*IDS[:3], *last], positions=range(6), visible=visible)])[0].logits
        for last in ([1, 2, 3], [4, 5, 6])
    ]
    np.testing.assert_array_equal(rows[0][:3], rows[1][:3])
    assert np.abs(rows[0][3:] - rows[1][3:]).max() > 0.1


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(make_checkpoint(tmp_path, "dream", drop=("rms_norm_eps",)), progress=quiet)
    with pytest.raises(ModelFileError, match="rms_norm_eps"):
        TorchDecoder(checkpoint)
