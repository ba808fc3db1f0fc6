"""Muon: updates whose singular values are about equal, of AdamW's size."""

import torch
from corpora import SHAPE
from torch import nn

from export.training.model import Denoiser
from export.training.optimizer import Muon, make_optimizers, orthogonalise


def one_by_one(task, items) -> None:  # type: ignore[no-untyped-def]
    for item in items:
        task(item)


def test_orthogonalised_matrices_keep_their_singular_vectors() -> None:
    torch.manual_seed(0)
    matrices = torch.randn(3, 24, 40)
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)

    result = orthogonalise(matrices)

    inner = left.mT @ result @ right.mT
    values = inner.diagonal(dim1=1, dim2=2)
    assert (values > 0.6).all()
    assert (values < 1.3).all()
    torch.testing.assert_close(inner, torch.diag_embed(values), atol=1e-4, rtol=0)
    torch.testing.assert_close(orthogonalise(matrices.mT), result.mT, atol=1e-5, rtol=1e-4)


def test_matrices_of_one_shape_are_updated_as_each_would_be_alone() -> None:
    torch.manual_seed(0)
    together = [nn.Parameter(torch.randn(8, 12)) for _ in range(3)]
    alone = [nn.Parameter(weight.detach().clone()) for weight in together]
    optimizers = [Muon(together, 0.1, one_by_one), *(Muon([weight], 0.1, one_by_one) for weight in alone)]
    for _ in range(3):
        for one, other in zip(together, alone, strict=True):
            one.grad = torch.randn(8, 12)
            other.grad = one.grad.clone()
        for optimizer in optimizers:
            optimizer.step()

    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other)


def test_an_update_has_adamws_size() -> None:
    torch.manual_seed(0)
    weight = nn.Parameter(torch.zeros(64, 192))
    weight.grad = torch.randn(64, 192) * 1e-4
    Muon([weight], 0.01, one_by_one).step()

    # AdamW's usual update has a root mean square of 0.2 to 0.4 times the rate.
    size = weight.detach().square().mean().sqrt() / 0.01
    assert 0.1 < size < 0.4


def test_every_parameter_has_one_optimizer() -> None:
    model = Denoiser(SHAPE)
    muon, adamw = make_optimizers(model, one_by_one, learning_rate=0.1, embedding_rate=0.2, weight_decay=0.0)
    matrices = [weight for group in muon.param_groups for weight in group["params"]]
    others = [weight for group in adamw.param_groups for weight in group["params"]]

    assert {*map(id, matrices), *map(id, others)} == set(map(id, model.parameters()))
    assert len(matrices) + len(others) == len(list(model.parameters()))
    assert all(weight.ndim == 2 for weight in matrices)
    assert any(weight is model.model.embed_tokens.weight for weight in others)
