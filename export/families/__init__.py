"""What each family of published checkpoints means: tensors, attention, token ids, prompt layouts.

find_family(checkpoint, "auto") -> Family;  Family.read(checkpoint) -> Denoiser
"""

from export.families.base import Denoiser, Family
from export.families.registry import FAMILIES, find_family

__all__ = ["FAMILIES", "Denoiser", "Family", "find_family"]
