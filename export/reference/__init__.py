"""The supported decoders in plain PyTorch, from their definitions: what exports are measured against.

Needs torch (the `export` extra). Shares no code with `export/graph/`, nor with `export/families/`: it reads
config.json and the tensors for itself, so that a mistake there can't cancel out here.
"""

from export.reference.decoder import FrozenKeys, Pass, PassResult, TorchDecoder

__all__ = ["FrozenKeys", "Pass", "PassResult", "TorchDecoder"]
