"""The base's matrices: applied, never trained. Backward carries gradients to the input alone."""

from typing import Protocol

import torch
from torch import Tensor

from export.decoder import Array


class FrozenLinear(Protocol):
    """A linear layer without gradients of its own."""

    def __call__(self, x: Tensor) -> Tensor:
        """x (tokens, in) to (tokens, out)."""
        ...


class FloatLinear:
    """A plain matrix product, in float32 or bfloat16."""

    def __init__(self, weight: Array, device: torch.device, dtype: torch.dtype) -> None:
        """`weight`: (in, out)."""
        self._weight = torch.from_numpy(weight).to(device, dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """x @ weight."""
        return x @ self._weight
