"""What `spanfill doctor` looks at in a model: its files, the session it opens, its passes and a real fill."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from lsp_server.cli.doctor_checks import Found
from runtime import providers, store
from runtime.errors import SpanfillError

if TYPE_CHECKING:
    from runtime import FillEngine

TEST_PREFIX = "def add(first, second):\n    return "
TEST_SUFFIX = "\n\n\nprint(add(1, 2))\n"


class Patient:
    """The model that is looked at, loaded once."""

    def __init__(self, name: str, device: str) -> None:
        self._name = name
        self._device = device
        self._folder: Path | None = None
        self._engine: FillEngine | None = None

    def model(self) -> Found:
        """It is installed, and every file has the recorded hash."""
        from runtime.manifest import load_manifest, verify_files

        folder = store.resolve(self._name)
        manifest = load_manifest(folder)
        verify_files(folder, manifest, thorough=True)
        self._folder = folder
        files = {name: record.sha256 for name, record in manifest.files.items()}
        largest = max(manifest.files, key=lambda name: manifest.files[name].bytes)
        return Found(
            detail=f"{manifest.name} ({manifest.kind}, {manifest.quantization}), "
            f"{manifest.bytes / 1e6:,.0f} MB in {folder}; {len(files)} files as recorded, "
            f"{largest} is sha256:{files[largest][:12]}…",
            facts={
                "name": manifest.name,
                "kind": manifest.kind,
                "quantization": manifest.quantization,
                "folder": str(folder),
                "bytes": manifest.bytes,
                "sha256": files,
            },
        )

    def session(self) -> Found:
        """It loads, and on the device that was meant."""
        from runtime import FillEngine

        if self._folder is None:
            raise SpanfillError("Not tried: the model can't be used. Mend what `model` says first.")
        began = time.perf_counter()
        self._engine = FillEngine.open(self._folder, device=self._device, calibrate=False)
        took_ms = (time.perf_counter() - began) * 1e3
        device = self._engine.device
        if device == "cpu" and (self._device == "cuda" or providers.cuda_problem() is None):
            raise SpanfillError(
                "ONNX Runtime put the model on the CPU though CUDA can be used. Free memory on the GPU "
                "(`nvidia-smi` shows who holds it), or set the device to `cpu`."
            )
        # What a session reports: the CPU is always the last resort of a session on another device.
        used = providers.session_providers("cuda" if device == "cuda" else "cpu")
        return Found(
            detail=f"{' and '.join(used)}, loaded in {took_ms:,.0f} ms",
            facts={"device": device, "providers": used, "load_ms": round(took_ms, 1)},
        )

    def passes(self) -> Found:
        """What a pass costs by the number of tokens in it."""
        engine = self._loaded()
        engine.calibrate()
        cost = engine.cost
        (narrow, least), *_, (wide, most) = cost.by_width.items()
        busy = "" if cost.steady else "; the machine was busy, so the measurement is not kept"
        return Found(
            detail=f"{least:g} ms for {narrow} tokens to {most:g} ms for {wide}{busy}",
            facts={"pass_ms": {str(width): ms for width, ms in cost.by_width.items()}, "steady": cost.steady},
        )

    def fill(self) -> Found:
        """It fills a hole."""
        from runtime import FillRequest

        request = FillRequest(
            prefix=TEST_PREFIX, suffix=TEST_SUFFIX, mode="line", language="python", max_tokens=24
        )
        result = self._loaded().complete(request)
        if not result.text.strip():
            raise SpanfillError(
                "The model wrote nothing where it should finish a line. Pull or export it again, and "
                "report it if that changes nothing."
            )
        return Found(
            detail=f"`return ` goes on with {result.text!r}: {result.tokens} tokens "
            f"in {result.passes} passes, {result.total_ms:,.0f} ms",
            facts={
                "text": result.text,
                "tokens": result.tokens,
                "passes": result.passes,
                "prefill_ms": round(result.prefill_ms, 1),
                "decode_ms": round(result.decode_ms, 1),
                "total_ms": round(result.total_ms, 1),
                "sampler": result.sampler,
            },
        )

    def _loaded(self) -> "FillEngine":
        if self._engine is None:
            raise SpanfillError("Not tried: the model is not loaded. Mend what `session` says first.")
        return self._engine
