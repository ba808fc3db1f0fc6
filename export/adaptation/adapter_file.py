"""Writes and reads the trained adapter: fp16 safetensors, named as `spanfill export --adapter` takes them."""

import os
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from export.adaptation.decoder import AdaptedDecoder
from export.adapter import read_adapter
from runtime.errors import InputError


def save_adapter(
    path: Path, decoder: AdaptedDecoder, *, mask_token: str, base_sha256: str, step: int
) -> None:
    """Write the factors as fp16; an interrupted write leaves the file before."""
    tensors = {
        name: parameter.detach().to("cpu", torch.float16).contiguous()
        for name, parameter in _factors(decoder)
    }
    description = {
        "mask_token": mask_token,
        "slots": str(decoder.settings.slots),
        "attention": decoder.settings.attention,
        "base_sha256": base_sha256,
        "step": str(step),
    }
    part = path.with_name(f"{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, part, description)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)


def load_adapter(path: Path, decoder: AdaptedDecoder) -> None:
    """Put an adapter's factors into `decoder`.

    Raises:
        ModelFileError: not an adapter of such a decoder.
        InputError: its projections or ranks are not those of the decoder's settings.
    """
    factors = read_adapter(path, decoder.config)
    with torch.no_grad():
        for name, parameter in _factors(decoder):
            found = factors.pop(name, None)
            if found is None or found.shape != tuple(parameter.shape):
                raise InputError(
                    f"The adapter {path} has other ranks or projections than asked for. "
                    "Give the --rank and --projections that it was trained with."
                )
            parameter.copy_(torch.from_numpy(found))
    if factors:
        raise InputError(f"The adapter {path} adapts matrices that --projections leaves out.")


def _factors(decoder: AdaptedDecoder) -> Iterator[tuple[str, nn.Parameter]]:
    """Each factor with its name in the file."""
    for name, parameter in decoder.adapters.named_parameters():
        yield f"layers.{name}", parameter
