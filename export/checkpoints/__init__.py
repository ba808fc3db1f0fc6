"""Reading checkpoints as data: Hugging Face folders and GGUF files, one view for all families.

open_checkpoint(where, revision=None, progress=...) -> Checkpoint
"""

from export.checkpoints.base import Checkpoint, TensorStore, expect
from export.checkpoints.open import open_checkpoint

__all__ = ["Checkpoint", "TensorStore", "expect", "open_checkpoint"]
