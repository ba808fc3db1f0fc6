"""Encoders (any `AutoModelForMaskedLM`), exported by optimum and fitted to the denoiser contract.

The generic path for a PyTorch model nobody wrote a family for: no cache, full passes. transformers'
own classes load the weights; no code of the checkpoint's is run.
"""

from export.encoders.convert import convert_encoder
from export.encoders.detect import is_encoder
from export.encoders.reference import encoder_reference

__all__ = ["convert_encoder", "encoder_reference", "is_encoder"]
