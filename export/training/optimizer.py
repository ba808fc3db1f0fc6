"""Muon for the layers' matrices, AdamW for the embedding and the norms.

Muon (Jordan et al. 2024; scaled to AdamW's step size as in arXiv 2502.16982) makes each update's singular
values about equal. At this size it needs clearly fewer tokens for the same loss, and matrices of one
shape are orthogonalised together, which keeps its cost to a few per cent of a step.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic iteration, from the Muon write-up: steep at zero, near enough to one after five turns."""

RunAll = Callable[[Callable[[Any], None], Iterable[Any]], None]
"""Runs a task on each of several independent items."""


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum for parameters that are matrices."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        run_all: RunAll,
        *,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        self._run_all = run_all

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Apply the gradients; there is no closure."""
        assert closure is None
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for weight in group["params"]:
                if weight.grad is not None:
                    by_shape[weight.shape].append(weight)
            self._run_all(partial(self._step_together, group), list(by_shape.values()))

    @torch.no_grad()
    def _step_together(self, group: dict[str, Any], weights: list[nn.Parameter]) -> None:
        gradients = torch.stack([weight.grad for weight in weights if weight.grad is not None])
        for weight in weights:
            if "momentum" not in self.state[weight]:
                self.state[weight]["momentum"] = torch.zeros_like(weight)
        momenta = torch.stack([self.state[weight]["momentum"] for weight in weights])
        momenta.lerp_(gradients, 1 - group["momentum"])
        updates = orthogonalise(gradients.lerp(momenta, group["momentum"]))
        # The root mean square of an orthogonal matrix, brought to that of AdamW's usual update.
        scale = 0.2 * max(updates.shape[-2:]) ** 0.5
        for weight, momentum, update in zip(weights, momenta, updates, strict=True):
            self.state[weight]["momentum"].copy_(momentum)
            weight.mul_(1 - group["lr"] * group["weight_decay"])
            weight.add_(update, alpha=-group["lr"] * scale)


def orthogonalise(matrices: Tensor, turns: int = 5) -> Tensor:
    """Matrices (n, rows, columns) with the same singular vectors, and singular values near one."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    result: Tensor = matrices.mT if tall else matrices
    result = result / (result.flatten(1).norm(dim=1)[:, None, None] + 1e-7)
    first, third, fifth = _COEFFICIENTS
    for _ in range(turns):
        gram = result @ result.mT
        result = first * result + (third * gram + fifth * gram @ gram) @ result
    return result.transpose(-2, -1) if tall else result


def make_optimizers(
    model: nn.Module, run_all: RunAll, *, learning_rate: float, embedding_rate: float, weight_decay: float
) -> list[torch.optim.Optimizer]:
    """Muon, which works through `run_all`, and AdamW; each group keeps its peak rate as `peak`."""
    matrices = [
        weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name
    ]
    others = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or "embed" in name]
    optimizers: list[torch.optim.Optimizer] = [
        Muon(matrices, learning_rate, run_all, weight_decay=weight_decay),
        torch.optim.AdamW(others, embedding_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return optimizers
