"""The integer products of the trainer: forward as the int8 graph, backward close to the true gradient."""

from pathlib import Path

import numpy as np
import pytest
import torch
from fixtures_tiny import TinyModel
from graph_runner import GraphRunner
from tiny_examples import MASK, decoder, example, settings

from export.adaptation.int8 import IntegerProduct
from export.adaptation.layout import lay_out


@pytest.fixture(scope="module")
def product() -> IntegerProduct:
    return IntegerProduct(threads=1)


@pytest.fixture(scope="module")
def graph(make_tiny_model: TinyModel) -> Path:
    return make_tiny_model("int8", adapter=True, debug_logits=True)


def test_hidden_states_are_those_of_the_int8_graph(product: IntegerProduct, graph: Path) -> None:
    """But for the head, which the trainer keeps in float, and the embedding, which the graph quantises."""
    laid = lay_out(example(), settings(), MASK, np.random.default_rng(0))
    ours, exact = decoder(make_linear=product.linear), decoder()
    found, wanted = (made.logits(made([laid]).clean).detach().numpy() for made in (ours, exact))
    ids = [*laid.context.tolist(), *laid.clean.tolist()]
    gate = [0.0] * len(laid.context) + [1.0] * len(laid.clean)
    served = GraphRunner(graph).run(ids, gate=gate).logits[len(laid.context) :]
    wanted, found = wanted[:, : served.shape[1]], found[:, : served.shape[1]]
    assert (
        np.corrcoef(found.ravel(), served.ravel())[0, 1] > np.corrcoef(wanted.ravel(), served.ravel())[0, 1]
    )


def test_one_matrix_there_and_back(product: IntegerProduct) -> None:
    rng = np.random.default_rng(0)
    weight = (rng.standard_normal((96, 40)) * 0.1).astype(np.float32)
    x = torch.from_numpy(rng.standard_normal((7, 96)).astype(np.float32)).requires_grad_()
    linear = product.linear(weight)
    y = linear(x)
    exact = x.detach() @ torch.from_numpy(weight)
    assert (y - exact).norm() < 0.02 * exact.norm()
    pull = torch.from_numpy(rng.standard_normal((7, 40)).astype(np.float32))
    y.backward(pull)
    assert x.grad is not None
    wanted = pull @ torch.from_numpy(weight).T
    assert (x.grad - wanted).norm() < 0.02 * wanted.norm()


def test_adapters_gradients_point_the_same_way(product: IntegerProduct) -> None:
    laid = lay_out(example(), settings(), MASK, np.random.default_rng(0))
    gradients = []
    for made in (decoder(), decoder(make_linear=product.linear)):
        made.logits(made([laid]).masks).log_softmax(-1)[:, 5].sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in made.parameters() if p.grad is not None]))
    assert torch.cosine_similarity(*gradients, dim=0) > 0.95
