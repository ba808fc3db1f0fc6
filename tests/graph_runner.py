"""Runs an exported graph pass by pass in the plainest way: no binding, no session class of ours."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from runtime.manifest import load_manifest

CAPACITY = 256


@dataclass(frozen=True)
class PassOutput:
    logits: NDArray[np.float32]
    top_ids: NDArray[np.int32]
    top_logprobs: NDArray[np.float32]
    entropy: NDArray[np.float32]


class GraphRunner:
    """One graph with `debug_logits`, and the cache rows kept so far."""

    def __init__(self, folder: Path, file: str = "model.onnx") -> None:
        shape = load_manifest(folder).cache
        assert shape is not None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # such small products wait longer for threads than they take
        options.log_severity_level = 3
        path = str(folder / file)
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._gated = any(value.name == "adapter_gate" for value in self._session.get_inputs())
        self._names = [f"{part}_{layer}" for layer in range(shape.layers) for part in ("key", "value")]
        empty = np.zeros((1, shape.kv_heads, CAPACITY, shape.head_size), shape.dtype)
        self.cache = dict.fromkeys(self._names, empty)
        self.length = 0

    def run(
        self,
        ids: list[int],
        *,
        positions: list[int] | None = None,
        skip: int | None = None,
        gate: list[float] | None = None,
        keep: bool = True,
    ) -> PassOutput:
        feeds: dict[str, Any] = {
            "input_ids": np.array(ids, np.int64),
            "position_ids": np.array(
                range(self.length, self.length + len(ids)) if positions is None else positions, np.int64
            ),
            "past_length": np.array(self.length, np.int64),
            **{f"past_{name}": value for name, value in self.cache.items()},
        }
        if skip is not None:
            feeds["head_skip"] = np.array([skip], np.int64)
        if self._gated:
            feeds["adapter_gate"] = np.array([0.0] * len(ids) if gate is None else gate, np.float32)
        outputs = ["logits", "top_ids", "top_logprobs", "entropy"]
        results = self._session.run([*outputs, *(f"present_{name}" for name in self._names)], feeds)
        if keep:
            self.cache = dict(zip(self._names, results[len(outputs) :], strict=True))
            self.length += len(ids)
        return PassOutput(*results[: len(outputs)])
