"""The denoiser: an ordinary Qwen3 without the causal mask, whose loss looks at masks alone."""

import pytest
import torch
from corpora import SHAPE
from torch.nn import functional

from export.training.examples import IGNORED
from export.training.model import Denoiser


@pytest.fixture
def model() -> Denoiser:
    torch.manual_seed(0)
    model = Denoiser(SHAPE)
    # Norms of one and small weights would hide a norm in the wrong place.
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(torch.rand_like(weight) + 0.5).mul_(4 if weight.ndim == 2 else 1)
    return model


def test_it_is_qwen3_that_looks_both_ways(model: Denoiser) -> None:
    # Transformers' own Qwen3, an independent implementation, with a mask that hides nothing.
    from transformers import Qwen3Config, Qwen3Model

    shape = model.shape
    config = Qwen3Config(
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.num_hidden_layers,
        num_attention_heads=shape.num_attention_heads,
        num_key_value_heads=shape.num_key_value_heads,
        head_dim=shape.head_dim,
        intermediate_size=shape.intermediate_size,
        rope_theta=shape.rope_theta,
        rms_norm_eps=shape.rms_norm_eps,
        attn_implementation="eager",
    )
    reference = Qwen3Model(config).eval()
    reference.load_state_dict(model.model.state_dict())
    tokens = torch.randint(3, shape.vocab_size, (2, 24), generator=torch.Generator().manual_seed(1))

    with torch.no_grad():
        theirs = reference(
            tokens, attention_mask={"full_attention": torch.zeros(1, 1, 24, 24)}
        ).last_hidden_state
        ours = model.hidden(tokens)

    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_both_sides_of_a_token_matter(model: Denoiser) -> None:
    tokens = torch.arange(3, 35)[None]
    changed_left, changed_right = tokens.clone(), tokens.clone()
    changed_left[0, 0], changed_right[0, -1] = 200, 200

    with torch.no_grad():
        middle, left, right = (model.hidden(row)[0, 16] for row in (tokens, changed_left, changed_right))

    assert (middle - left).abs().max() > 1e-5
    assert (middle - right).abs().max() > 1e-5


def test_the_loss_is_the_cross_entropy_at_the_masks_themselves(model: Denoiser) -> None:
    inputs = torch.randint(3, 300, (2, 10), generator=torch.Generator().manual_seed(2))
    targets = torch.full_like(inputs, IGNORED)
    inputs[0, 3] = inputs[1, 7] = 1
    targets[0, 3], targets[1, 7] = 50, 60

    with torch.no_grad():
        probabilities = functional.log_softmax(model.logits(model.hidden(inputs)), dim=-1)
        loss = model(inputs, targets)

    torch.testing.assert_close(loss, -(probabilities[0, 3, 50] + probabilities[1, 7, 60]))
