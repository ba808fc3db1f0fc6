"""Computes losses and gradients, each core on its own share of the examples.

Knows the model and threads; does not know the optimizer. Torch's own threads meet at the end of every
operation, thousands of times a step, and on a machine with other work each meeting waits for
whichever core is busy elsewhere. Shares meet once.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from export.training.examples import IGNORED
from export.training.model import Denoiser


class Workers:
    """Threads of one core each, which run one model together.

    Sums are taken in the order of the shares, so a result does not depend on which thread is first.
    """

    def __init__(self, model: Denoiser, count: int) -> None:
        self._model = model
        self._count = count
        self._parameters = list(model.parameters())
        self._pool = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))
        self._compiled: set[str] = set()

    def loss(self, inputs: Tensor, targets: Tensor) -> float:
        """Mean loss of (batch, tokens)."""
        return float(sum(self._each_share("loss", self._loss, inputs, targets)))

    def gradients(self, inputs: Tensor, targets: Tensor) -> float:
        """Set every parameter's `grad` to that of the mean loss of (batch, tokens), and return that loss."""
        results = self._each_share("gradients", self._gradients, inputs, targets)
        for index, weight in enumerate(self._parameters):
            total = results[0][1][index]
            for _, gradients in results[1:]:
                total = total + gradients[index]
            weight.grad = total
        return float(sum(loss for loss, _ in results))

    def map(self, task: Callable[[Any], None], items: Iterable[Any]) -> None:
        """Run independent tasks, as many at a time as there are workers."""
        for _ in self._pool.map(task, items):
            pass

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()

    def _each_share(self, name: str, task: Callable[..., Any], inputs: Tensor, targets: Tensor) -> list[Any]:
        count = int((targets != IGNORED).sum())
        shares = list(zip(inputs.chunk(self._count), targets.chunk(self._count), strict=True))
        # A compiled model is compiled by its first call, which must be over before there are two.
        alone = [] if name in self._compiled else [self._pool.submit(task, *shares.pop(0), count).result()]
        self._compiled.add(name)
        futures = [self._pool.submit(task, *share, count) for share in shares]
        return alone + [future.result() for future in futures]

    def _loss(self, inputs: Tensor, targets: Tensor, count: int) -> float:
        with torch.no_grad():
            return float(self._model(inputs, targets) / count)

    def _gradients(self, inputs: Tensor, targets: Tensor, count: int) -> tuple[float, list[Tensor]]:
        loss = self._model(inputs, targets) / count
        return float(loss.detach()), list(torch.autograd.grad(loss, self._parameters))
