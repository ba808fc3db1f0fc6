"""What each family of published checkpoints means: tensors, attention, token ids, prompt layouts.

read_denoiser(checkpoint, "auto") -> Denoiser
"""

from export.families.base import Denoiser, Family
from export.families.registry import FAMILIES, find_family, read_denoiser

__all__ = ["FAMILIES", "Denoiser", "Family", "find_family", "read_denoiser"]
