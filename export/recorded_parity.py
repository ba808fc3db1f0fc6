"""Parity figures measured once for pinned checkpoints, so that every pull need not measure them.

Measured with `python benchmarks/parity.py FOLDER --reference FOLDER-none`: the graph against the float32
graph of the same checkpoint, on 2,000 tokens of textwrap, heapq, json/decoder, asyncio/queues and shutil
from the Python 3.11.7 standard library.
"""

from typing import Any

_QWEN_CODER_HALF_B = "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"

_RECORDED: dict[tuple[str, str], dict[str, Any]] = {
    (_QWEN_CODER_HALF_B, "int8"): {"top1_agreement": 0.961, "loss_relative_difference": 0.0035},
    (_QWEN_CODER_HALF_B, "int4"): {"top1_agreement": 0.9285, "loss_relative_difference": 0.0222},
}


def recorded_parity(sha256: str, quantization: str, vocabulary: str, *, adapted: bool) -> dict[str, Any]:
    """The manifest's parity block for a checkpoint; empty for any form that was not measured."""
    figures = _RECORDED.get((sha256, quantization))
    if figures is None or vocabulary != "ascii" or adapted:
        return {}
    return {
        **figures,
        "tokens": 2000,
        "reference_quantization": "none",
        "recorded": "2026-11-24; measure again with benchmarks/parity.py",
    }
