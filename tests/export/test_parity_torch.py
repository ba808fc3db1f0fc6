"""The exported graph computes what torch computes from the same weights."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from fixtures_tiny import TinyModel
from graph_runner import GraphRunner
from numpy.typing import NDArray
from random_decoder import CONFIG, RandomWeights, random_adapter
from torch_reference import reference_logits
from transformers import Qwen2Config, Qwen2ForCausalLM

TOKENS = 48
IDS = np.random.default_rng(5).integers(0, 400, TOKENS).tolist()
POSITIONS = np.random.default_rng(6).permutation(3 * TOKENS)[:TOKENS].tolist()
"""Anywhere in the text, in any order: keys lie in the cache as they come."""

CAUSAL = np.tril(np.ones((TOKENS, TOKENS), bool))
FP32_BOUND = 1e-4


@pytest.fixture(scope="module")
def torch_model() -> Qwen2ForCausalLM:
    """transformers' own Qwen2 with the random decoder's weights."""
    weights = RandomWeights()
    config = Qwen2Config(
        vocab_size=CONFIG.vocabulary,
        hidden_size=CONFIG.width,
        intermediate_size=CONFIG.ffn_width,
        num_hidden_layers=CONFIG.layers,
        num_attention_heads=CONFIG.heads,
        num_key_value_heads=CONFIG.kv_heads,
        max_position_embeddings=CONFIG.context_length,
        rope_theta=CONFIG.rope_base,
        rms_norm_eps=CONFIG.norm_epsilon,
        tie_word_embeddings=False,
        attn_implementation="eager",
    )
    query = CONFIG.heads * CONFIG.head_size
    key = CONFIG.kv_heads * CONFIG.head_size
    state = {
        "model.embed_tokens.weight": weights.embedding(),
        "model.norm.weight": weights.final_norm(),
        "lm_head.weight": weights.head(),
    }
    for index in range(CONFIG.layers):
        layer, stem = weights.layer(index), f"model.layers.{index}"
        assert layer.qkv_bias is not None
        borders = [query, query + key]
        for name, weight, bias in zip(
            "qkv", np.split(layer.qkv, borders, axis=1), np.split(layer.qkv_bias, borders), strict=True
        ):
            state[f"{stem}.self_attn.{name}_proj.weight"] = weight.T
            state[f"{stem}.self_attn.{name}_proj.bias"] = bias
        gate, up = np.split(layer.gate_up, 2, axis=1)
        state |= {
            f"{stem}.self_attn.o_proj.weight": layer.output.T,
            f"{stem}.mlp.gate_proj.weight": gate.T,
            f"{stem}.mlp.up_proj.weight": up.T,
            f"{stem}.mlp.down_proj.weight": layer.down.T,
            f"{stem}.input_layernorm.weight": layer.attention_norm,
            f"{stem}.post_attention_layernorm.weight": layer.ffn_norm,
        }
    model = Qwen2ForCausalLM(config)
    model.load_state_dict(
        {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in state.items()}
    )
    return model.eval()


def torch_logits(model: Qwen2ForCausalLM, ids: list[int], positions: list[int]) -> NDArray[np.float32]:
    # An explicit mask: without one, transformers takes jumping positions for packed sequences.
    blocked = torch.triu(torch.full((len(ids), len(ids)), float("-inf")), diagonal=1)
    with torch.no_grad():
        output = model(
            input_ids=torch.tensor([ids]),
            position_ids=torch.tensor([positions]),
            attention_mask=blocked[None, None],
            use_cache=False,
        )
    logits: NDArray[np.float32] = output.logits[0].numpy()
    return logits


def largest_difference(ours: NDArray[np.float32], theirs: NDArray[np.floating]) -> float:
    return float(np.abs(ours - theirs[:, : ours.shape[1]]).max())


@pytest.fixture
def runner(make_tiny_model: TinyModel) -> GraphRunner:
    return GraphRunner(make_tiny_model("none", debug_logits=True))


@pytest.fixture
def expected(torch_model: Qwen2ForCausalLM) -> NDArray[np.float32]:
    return torch_logits(torch_model, IDS, list(range(TOKENS)))


def test_prefill(runner: GraphRunner, expected: NDArray[np.float32]) -> None:
    assert largest_difference(runner.run(IDS).logits, expected) < FP32_BOUND


@pytest.mark.parametrize("widths", [(47, 1), (20, 28), (1, 1, 46), (40, 4, 4)])
def test_cached_passes(runner: GraphRunner, expected: NDArray[np.float32], widths: tuple[int, ...]) -> None:
    borders = np.cumsum([0, *widths]).tolist()
    rows = [runner.run(IDS[start:end]).logits for start, end in itertools.pairwise(borders)]
    assert largest_difference(np.concatenate(rows), expected) < FP32_BOUND


def test_rows_that_were_thrown_away_leave_no_trace(
    runner: GraphRunner, expected: NDArray[np.float32]
) -> None:
    runner.run(IDS[:20])
    runner.run([7] * 16, keep=False)
    assert largest_difference(runner.run(IDS[20:]).logits, expected[20:]) < FP32_BOUND


def test_non_contiguous_positions(runner: GraphRunner, torch_model: Qwen2ForCausalLM) -> None:
    expected = torch_logits(torch_model, IDS, POSITIONS)
    output = runner.run(IDS, positions=POSITIONS)
    assert largest_difference(output.logits, expected) < FP32_BOUND
    assert largest_difference(output.logits, torch_logits(torch_model, IDS, list(range(TOKENS)))) > 0.1


def test_non_contiguous_positions_behind_a_cache(runner: GraphRunner, torch_model: Qwen2ForCausalLM) -> None:
    expected = torch_logits(torch_model, IDS, POSITIONS)
    first = runner.run(IDS[:30], positions=POSITIONS[:30]).logits
    second = runner.run(IDS[30:], positions=POSITIONS[30:]).logits
    assert largest_difference(np.concatenate([first, second]), expected) < FP32_BOUND


@pytest.mark.parametrize("skip", [0, 1, 30, TOKENS - 1])
def test_head_skip(runner: GraphRunner, expected: NDArray[np.float32], skip: int) -> None:
    output = runner.run(IDS, skip=skip)
    assert len(output.logits) == len(output.top_ids) == len(output.entropy) == TOKENS - skip
    assert largest_difference(output.logits, expected[skip:]) < FP32_BOUND
    after = runner.run([3, 4, 5], skip=2)
    assert len(after.logits) == 1


def test_sampling_head(runner: GraphRunner, expected: NDArray[np.float32]) -> None:
    output = runner.run(IDS)
    logprobs = torch.from_numpy(expected[:, : output.logits.shape[1]]).double().log_softmax(-1)
    values, indices = logprobs.topk(output.top_ids.shape[1])
    np.testing.assert_array_equal(output.top_ids, indices.numpy())
    np.testing.assert_allclose(output.top_logprobs, values.numpy(), atol=FP32_BOUND)
    entropy = -(logprobs.exp() * logprobs).sum(-1)
    np.testing.assert_allclose(output.entropy, entropy.numpy(), atol=FP32_BOUND)


def test_the_reference_is_transformers(expected: NDArray[np.float32]) -> None:
    ours = reference_logits(RandomWeights(), IDS, list(range(TOKENS)), CAUSAL)
    assert largest_difference(expected, ours) < FP32_BOUND


class TestBidirectional:
    CONTEXT = 36
    """Prefix and suffix are cached first; the span's tokens are run after them."""

    @pytest.fixture
    def runner(self, make_tiny_model: TinyModel) -> GraphRunner:
        return GraphRunner(make_tiny_model("none", kind="bidirectional", debug_logits=True))

    def test_one_pass_sees_everything(self, runner: GraphRunner) -> None:
        everything = np.ones((TOKENS, TOKENS), bool)
        expected = reference_logits(RandomWeights(), IDS, POSITIONS, everything)
        assert largest_difference(runner.run(IDS, positions=POSITIONS).logits, expected) < FP32_BOUND

    def test_span_behind_prefix_and_suffix(self, runner: GraphRunner) -> None:
        span = TOKENS - self.CONTEXT
        prefix = 20
        positions = [*range(prefix), *range(prefix + span, TOKENS), *range(prefix, prefix + span)]
        visible = np.ones((TOKENS, TOKENS), bool)
        visible[: self.CONTEXT, self.CONTEXT :] = False
        expected = reference_logits(RandomWeights(), IDS, positions, visible)
        context = runner.run(IDS[: self.CONTEXT], positions=positions[: self.CONTEXT]).logits
        for _ in range(2):  # a denoising pass is thrown away and run again
            output = runner.run(IDS[self.CONTEXT :], positions=positions[self.CONTEXT :], keep=False)
            assert largest_difference(output.logits, expected[self.CONTEXT :]) < FP32_BOUND
        assert largest_difference(context, expected[: self.CONTEXT]) < FP32_BOUND


class TestAdapter:
    GATE = np.random.default_rng(7).integers(0, 2, TOKENS).astype(float).tolist()

    @pytest.fixture
    def runner(self, make_tiny_model: TinyModel) -> GraphRunner:
        return GraphRunner(make_tiny_model("none", adapter=True, debug_logits=True))

    def test_gate_per_token(self, runner: GraphRunner) -> None:
        expected = reference_logits(
            RandomWeights(), IDS, POSITIONS, CAUSAL, adapter=random_adapter(), gate=self.GATE
        )
        first = runner.run(IDS[:30], positions=POSITIONS[:30], gate=self.GATE[:30]).logits
        second = runner.run(IDS[30:], positions=POSITIONS[30:], gate=self.GATE[30:]).logits
        assert largest_difference(np.concatenate([first, second]), expected) < FP32_BOUND

    def test_a_closed_gate_is_the_base_model(
        self, runner: GraphRunner, expected: NDArray[np.float32]
    ) -> None:
        assert largest_difference(runner.run(IDS).logits, expected) < FP32_BOUND

    def test_an_open_gate_is_not(self, runner: GraphRunner, expected: NDArray[np.float32]) -> None:
        assert largest_difference(runner.run(IDS, gate=[1.0] * TOKENS).logits, expected) > 0.1


@pytest.mark.parametrize(
    ("quantization", "largest", "mean", "correlation"),
    [("fp16", 0.02, 0.003, 0.99999), ("int8", 0.5, 0.06, 0.997), ("int4", 3.0, 0.35, 0.92)],
)
def test_narrower_numbers_stay_close(
    make_tiny_model: TinyModel,
    expected: NDArray[np.float32],
    quantization: str,
    largest: float,
    mean: float,
    correlation: float,
) -> None:
    """Bounds are in spreads of the logits; random weights quantise worse than trained ones."""
    logits = GraphRunner(make_tiny_model(quantization, debug_logits=True)).run(IDS).logits
    exact = expected[:, : logits.shape[1]]
    difference = np.abs(logits - exact) / exact.std()
    assert difference.max() < largest
    assert difference.mean() < mean
    assert np.corrcoef(logits.ravel(), exact.ravel())[0, 1] > correlation


@pytest.mark.parametrize("quantization", ["fp16", "int8", "int4"])
def test_narrower_adapter(make_tiny_model: TinyModel, quantization: str) -> None:
    """The adapter's share of the logits is that of the float32 graph, whatever the base's rounding."""
    gate = TestAdapter.GATE

    def share(folder: Path) -> NDArray[np.float32]:
        opened = GraphRunner(folder).run(IDS, gate=gate).logits
        return opened - GraphRunner(folder).run(IDS).logits

    exact = share(make_tiny_model("none", adapter=True, debug_logits=True))
    ours = share(make_tiny_model(quantization, adapter=True, debug_logits=True))
    correlation = np.corrcoef(exact.ravel(), ours.ravel())[0, 1]
    assert correlation > {"fp16": 0.9999, "int8": 0.99, "int4": 0.9}[quantization]
