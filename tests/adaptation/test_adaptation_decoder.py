"""The trainer's pass is what the exported graph computes, token by token and mask by mask."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fixtures_tiny import TinyModel
from graph_runner import GraphRunner
from numpy.typing import NDArray
from random_decoder import RandomWeights, random_adapter, tiny_tokenizer
from tiny_examples import MASK, decoder, example, settings
from torch_reference import reference_logits

from export.adaptation.decoder import SwiGlu
from export.adaptation.layout import Laid, lay_out
from export.adaptation.settings import Settings

BOUND = 1e-4


def laid_out(chosen: Settings, seed: int = 0, **sizes: int) -> Laid:
    return lay_out(example(seed, **sizes), chosen, MASK, np.random.default_rng(seed))


def in_graph(logits: torch.Tensor) -> NDArray[np.float32]:
    """The rows of the vocabulary that the graph answers with: not those that pad the table."""
    return logits.detach().numpy()[:, : tiny_tokenizer().get_vocab_size()]


def groups(laid: Laid) -> list[tuple[int, list[int]]]:
    """Each anchor with the rows of its masks."""
    found: dict[int, list[int]] = {}
    for row, (taught, slot) in enumerate(zip(laid.taught_by.tolist(), laid.slot.tolist(), strict=True)):
        found.setdefault(taught - slot, []).append(row)
    return sorted(found.items())


@pytest.fixture(scope="module")
def graph(make_tiny_model: TinyModel) -> Path:
    return make_tiny_model("none", adapter=True, debug_logits=True)


def test_clean_tokens_and_masks_are_those_of_the_graph(graph: Path) -> None:
    """Each group as an editor would run it: context, the span up to the anchor, then masks."""
    chosen = settings()
    made = decoder(chosen)
    examples = [laid_out(chosen, 0), laid_out(chosen, 1, context=5, span=6)]
    passed = made(examples)
    clean, masks = (in_graph(made.logits(hidden)) for hidden in (passed.clean, passed.masks))
    clean_start = mask_start = 0
    for laid in examples:
        context, count = laid.context.tolist(), len(laid.clean)
        whole = GraphRunner(graph).run(
            [*context, *laid.clean.tolist()], gate=[0.0] * len(context) + [1.0] * count
        )
        difference = whole.logits[len(context) :] - clean[clean_start : clean_start + count]
        assert np.abs(difference).max() < BOUND
        for anchor, rows in groups(laid):
            before = [*context, *laid.clean[: anchor + 1].tolist()]
            ids = before + [MASK] * len(rows)
            gate = [0.0] * len(context) + [1.0] * (len(ids) - len(context))
            alone = GraphRunner(graph).run(ids, gate=gate).logits[len(before) :]
            assert np.abs(alone - masks[[mask_start + row for row in rows]]).max() < BOUND
        clean_start += count
        mask_start += len(laid.slot)


def test_the_base_alone_is_a_closed_gate(graph: Path) -> None:
    made, laid = decoder(), laid_out(settings())
    passed = made([laid], with_base=True)
    assert passed.base is not None
    found = in_graph(made.logits(passed.base))
    whole = GraphRunner(graph).run([*laid.context.tolist(), *laid.clean.tolist()]).logits
    assert np.abs(found - whole[len(laid.context) :]).max() < BOUND
    assert np.abs(found - in_graph(made.logits(passed.clean))).max() > 0.1


def test_masks_that_see_each_other() -> None:
    chosen = settings(attention="bidirectional")
    laid = laid_out(chosen)
    found = decoder(chosen)([laid]).masks
    context, total = len(laid.context), len(laid.context) + len(laid.ids)
    visible = np.tri(total, dtype=bool)
    visible[context:] = laid.visible
    expected = reference_logits(
        RandomWeights(),
        [*laid.context.tolist(), *laid.ids.tolist()],
        [*range(context), *laid.positions.tolist()],
        visible,
        adapter=random_adapter(),
        gate=[0.0] * context + [1.0] * len(laid.ids),
    )
    masks = decoder(chosen).logits(found).detach().numpy()
    assert np.abs(masks - expected[context + len(laid.clean) :]).max() < BOUND


def test_gradients_reach_adapters_and_no_base_weight_has_one() -> None:
    made = decoder()
    passed = made([laid_out(settings())])
    (passed.clean.sum() + passed.masks.square().sum()).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in made.parameters())
    names = {name.rsplit(".", 1)[-1] for name, _ in made.named_parameters()}
    assert names == {"a", "b"}


def test_fresh_adapters_change_nothing() -> None:
    made = decoder(adapted=False)
    passed = made([laid_out(settings())], with_base=True)
    assert passed.base is not None
    torch.testing.assert_close(passed.clean, passed.base, rtol=1e-4, atol=1e-4)


def test_swiglu_gradient() -> None:
    packed = torch.randn(3, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(SwiGlu.apply, packed)
