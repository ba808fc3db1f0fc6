"""Opens the base: its weights as the trainer uses them, in the precision that this machine computes best."""

from pathlib import Path
from typing import Literal

import torch

from export.adaptation.decoder import AdaptedDecoder
from export.adaptation.settings import Settings
from export.checkpoints.open import open_checkpoint
from export.decoder import DecoderWeights
from export.families import read_denoiser
from runtime.errors import RuntimeSetupError, UsageError

Precision = Literal["auto", "float32", "bfloat16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("auto", "float32", "bfloat16", "int8")


def open_base(checkpoint: Path) -> tuple[DecoderWeights, str]:
    """The weights of a causal checkpoint, and its SHA-256.

    Raises:
        ModelFileError: it can't be read.
        UsageError: it is no causal model.
    """
    opened = open_checkpoint(checkpoint, progress=lambda _stage, _done: None)
    denoiser = read_denoiser(opened, "auto")
    if denoiser.kind != "hybrid":
        raise UsageError(f"An adapter needs a causal model; {checkpoint} is {denoiser.attention}.")
    return denoiser.weights, opened.source.sha256


def choose_device(name: str) -> torch.device:
    """The device asked for; `auto` takes a GPU where there is one.

    Raises:
        RuntimeSetupError: CUDA was asked for and can't be used.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise RuntimeSetupError("PyTorch sees no CUDA device here. Train with --device cpu.")
    return torch.device(name)


def choose_precision(precision: Precision, device: torch.device) -> Precision:
    """What to compute the base in. bfloat16 is for hardware that has it, int8 for CPUs.

    Raises:
        UsageError: int8 on a GPU.
    """
    if precision == "auto":
        return (
            "bfloat16"
            if device.type == "cuda" and torch.cuda.is_bf16_supported()
            else ("int8" if device.type == "cpu" else "float32")
        )
    if precision == "int8" and device.type != "cpu":
        raise UsageError("--precision int8 is for CPUs; a GPU is faster in bfloat16.")
    return precision


def build_decoder(
    weights: DecoderWeights,
    settings: Settings,
    *,
    device: torch.device,
    precision: Precision,
    threads: int | None,
) -> AdaptedDecoder:
    """The decoder with fresh adapters, which follow from the settings' seed."""
    torch.manual_seed(settings.seed)
    chosen = choose_precision(precision, device)
    if chosen == "int8":
        from export.adaptation.int8 import IntegerProduct

        return AdaptedDecoder(weights, settings, device=device, make_linear=IntegerProduct(threads).linear)
    dtype = torch.bfloat16 if chosen == "bfloat16" else torch.float32
    return AdaptedDecoder(weights, settings, device=device, dtype=dtype)
