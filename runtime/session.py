"""One loaded graph and its context cache. Knows token ids and tensors; knows no prompts or text."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runtime.errors import FillCancelled, ModelFileError, UsageError
from runtime.manifest import Manifest, load_manifest, verify_files
from runtime.predictions import Predictions
from runtime.providers import Device, device_of, fallback_warning, load_onnxruntime, session_providers

log = logging.getLogger(__name__)

FIRST_CAPACITY = 1024
"""Cache rows at the start; doubled when they run out."""

MINIMUM_WIDTH = 2
"""Narrower passes of causal models are padded. ONNX Runtime multiplies a single row by other kernels,
which round differently; from two rows on, a row's result is the same to the bit in a pass of any
width. Where tokens see those behind them, a pad would be seen, so there nothing is padded."""

ERRORS_AND_UP = 3

PREDICTION_OUTPUTS = ("top_ids", "top_logprobs", "entropy")


class DenoiserSession:
    """Runs passes over tokens and keeps, or throws away, the cache rows they write.

    A pass over T tokens writes T rows after `length`. `advance(n)` keeps the first n of them;
    not advancing throws them away; `truncate(n)` forgets all rows after the first n.
    """

    def __init__(
        self,
        folder: Path,
        *,
        device: Device = "cpu",
        threads: int | None = None,
        spinning: bool = False,
    ) -> None:
        """Load the model in `folder`.

        Raises:
            ManifestError, ModelFileError: the folder does not hold a whole model.
            RuntimeSetupError: ONNX Runtime is missing or lacks the device.
        """
        self.manifest: Manifest = load_manifest(folder)
        verify_files(folder, self.manifest)
        self._ort = load_onnxruntime()
        options = self._ort.SessionOptions()
        options.log_severity_level = ERRORS_AND_UP
        if threads:
            options.intra_op_num_threads = threads
        # Threads that spin between passes take the core that the editor needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
        path = folder / self.manifest.graph.file
        try:
            self._session = self._ort.InferenceSession(
                str(path), options, providers=session_providers(device)
            )
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise ModelFileError(
                f"{path} can't be loaded ({str(error).splitlines()[0]}). Remove the model and pull it again."
            ) from error
        self.device: Device = device_of(self._session)
        if warning := fallback_warning(self._session, device):
            log.warning("%s", warning)
        # `head_skip` has a default, and those are listed apart.
        taken = [*self._session.get_inputs(), *self._session.get_overridable_initializers()]
        self._inputs = frozenset(given.name for given in taken)
        self._binding = self._session.io_binding()
        self._capacity = 0
        self._written = 0
        self.length = 0
        self._run_options: Any = None
        self._terminated = False
        self._lock = threading.Lock()
        for name in PREDICTION_OUTPUTS:
            self._binding.bind_output(name)
        self._cache: dict[str, Any] = {}
        self._grow(FIRST_CAPACITY)

    @property
    def context_length(self) -> int:
        """The most tokens the model can see at once, and the most rows the cache can hold."""
        return self.manifest.context_length

    def forward(
        self,
        input_ids: Sequence[int] | NDArray[np.int64],
        position_ids: Sequence[int] | NDArray[np.int64] | None = None,
        *,
        skip: int = 0,
        gate: NDArray[np.float32] | None = None,
    ) -> Predictions:
        """Run one pass over T tokens behind the cached rows.

        `position_ids` default to the places after the cached rows. The first `skip` tokens get no
        prediction. `gate` is (T,), 0 for context and 1 for span tokens, zeros by default; models
        without an adapter take none. Returns predictions for T - skip tokens, as the graph gives
        them: un-shifting is the caller's.

        Raises:
            FillCancelled: `terminate` was called during the pass; the cache is as before it.
            UsageError: no tokens, or more than the context holds.
        """
        ids = np.asarray(input_ids, np.int64)
        count = len(ids)
        if count == 0 or not 0 <= skip < count:
            raise UsageError("A pass needs at least one token to predict from.")
        if position_ids is None:
            positions = np.arange(self.length, self.length + count, dtype=np.int64)
        else:
            positions = np.asarray(position_ids, np.int64)
        if count < MINIMUM_WIDTH and self.manifest.attention == "causal":
            ids, positions = np.repeat(ids, MINIMUM_WIDTH), np.repeat(positions, MINIMUM_WIDTH)
        if self.length + len(ids) > self.context_length:
            raise UsageError(
                f"{self.length + len(ids):,} tokens do not fit the model's context "
                f"of {self.context_length:,}."
            )
        self._grow(self.length + len(ids))
        feeds = {
            "input_ids": ids,
            "position_ids": positions,
            "past_length": np.array(self.length, np.int64),
            "head_skip": np.array([skip], np.int64),
        }
        if self.manifest.graph.adapter:
            gates = np.zeros(count, np.float32) if gate is None else np.asarray(gate, np.float32)
            feeds["adapter_gate"] = np.resize(gates, len(ids))
        # An encoder's graph has positions of its own and no cache.
        outputs = self._run({name: value for name, value in feeds.items() if name in self._inputs})
        self._written = count if self.manifest.cache else 0
        kept = count - skip
        return Predictions(outputs[0][:kept], outputs[1][:kept], outputs[2][:kept])

    def _run(self, feeds: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
        binding = self._binding
        for name, value in feeds.items():
            # `bind_cpu_input` does not know inputs that have a default.
            binding.bind_ortvalue_input(name, self._ort.OrtValue.ortvalue_from_numpy(value))
        for name in PREDICTION_OUTPUTS:
            binding.bind_output(name)  # again: their sizes change from pass to pass
        with self._lock:
            if self._terminated:
                raise FillCancelled("The fill was cancelled.")
            self._run_options = self._ort.RunOptions()
        self._written = 0
        try:
            self._session.run_with_iobinding(binding, self._run_options)
        except Exception as error:  # ONNX Runtime raises RuntimeError here, and types of its own elsewhere
            if self._terminated:
                raise FillCancelled("The fill was cancelled.") from None
            raise ModelFileError(f"The model failed while running: {str(error).splitlines()[0]}") from error
        finally:
            with self._lock:
                self._run_options = None
        return [value.numpy() for value in binding.get_outputs()[: len(PREDICTION_OUTPUTS)]]

    def advance(self, count: int) -> None:
        """Keep the first `count` rows that the newest pass wrote."""
        assert 0 <= count <= self._written, "only rows of the newest pass can be kept"
        self.length += count
        self._written = 0

    def truncate(self, length: int) -> None:
        """Forget every cached row after the first `length`."""
        assert 0 <= length <= self.length, "rows can be forgotten, not invented"
        self.length = length
        self._written = 0

    def terminate(self) -> None:
        """Stop the running pass, and refuse further ones until `resume`. Any thread may call it."""
        with self._lock:
            self._terminated = True
            if self._run_options is not None:
                self._run_options.terminate = True

    def resume(self) -> None:
        """Allow passes again after `terminate`."""
        with self._lock:
            self._terminated = False

    def _grow(self, rows: int) -> None:
        shape = self.manifest.cache
        if shape is None or rows <= self._capacity:
            return
        capacity = max(FIRST_CAPACITY, self._capacity)
        while capacity < rows:
            capacity *= 2
        capacity = min(capacity, self.context_length)
        for layer in range(shape.layers):
            for part in ("key", "value"):
                name = f"{part}_{layer}"
                buffer = np.zeros((1, shape.kv_heads, capacity, shape.head_size), shape.dtype)
                if name in self._cache:
                    buffer[:, :, : self.length] = self._cache[name].numpy()[:, :, : self.length]
                # One buffer is both past and present: a pass adds its rows in place.
                value = self._ort.OrtValue.ortvalue_from_numpy(buffer, self.device, 0)
                self._cache[name] = value
                self._binding.bind_ortvalue_input(f"past_{name}", value)
                self._binding.bind_ortvalue_output(f"present_{name}", value)
        self._capacity = capacity
