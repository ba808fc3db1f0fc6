"""Which ONNX Runtime wheel is installed, and which devices it can really use.

Knows devices and execution providers; does not know models. `onnxruntime` and
`onnxruntime-gpu` overwrite each other's files and pip does not notice, so having both is an
error; and the GPU wheel lists CUDA on machines that have none, so CUDA counts only once a
session has really run on it.
"""

import contextlib
import importlib.metadata
import io
import logging
import os
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

from runtime.errors import RuntimeSetupError, UsageError

log = logging.getLogger(__name__)

Device = Literal["cpu", "cuda"]
DEVICES = ("auto", "cpu", "cuda")

CPU_WHEEL = "onnxruntime"
GPU_WHEEL = "onnxruntime-gpu"
MINIMUM_VERSION = (1, 30)
"""First release whose GroupQueryAttention has the `causal` attribute."""

CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"

_LOG_WARNING = 2
_LOG_FATAL = 4
_PROBE = (  # an ONNX model of one Neg node: x float(1) -> y float(1), opset 17
    b'\x08\x08:6\n\x0b\n\x01x\x12\x01y"\x03Neg\x12\x05probeZ\x0f\n\x01x\x12\n\n\x08\x08\x01'
    b"\x12\x04\n\x02\x08\x01b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\x11"
)


def _version_of(wheel: str) -> str | None:
    try:
        return importlib.metadata.version(wheel)
    except importlib.metadata.PackageNotFoundError:
        return None


def installed_wheel() -> tuple[str, str]:
    """Name and version of the one ONNX Runtime wheel, without importing it.

    Raises:
        RuntimeSetupError: there is none, there are two, or it is too old.
    """
    found = [(wheel, version) for wheel in (CPU_WHEEL, GPU_WHEEL) if (version := _version_of(wheel))]
    if not found:
        raise RuntimeSetupError(
            "ONNX Runtime is not installed. Run `pip install 'spanfill[cpu]'`, "
            "or `pip install 'spanfill[gpu]'` on a machine with an NVIDIA GPU."
        )
    if len(found) > 1:
        raise RuntimeSetupError(
            f"Both {CPU_WHEEL} and {GPU_WHEEL} are installed and overwrite each other's files. "
            f"Run `pip uninstall -y {CPU_WHEEL} {GPU_WHEEL}`, then `pip install 'spanfill[gpu]'` "
            "(NVIDIA GPU) or `pip install 'spanfill[cpu]'`."
        )
    wheel, version = found[0]
    if _numbers(version) < MINIMUM_VERSION:
        needed = ".".join(map(str, MINIMUM_VERSION))
        raise RuntimeSetupError(
            f"{wheel} {version} is too old: spanfill needs {needed} or newer. "
            f"Run `pip install --upgrade '{wheel}>={needed}'`."
        )
    return wheel, version


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def load_onnxruntime() -> Any:
    """Import ONNX Runtime after checking its wheel; CUDA's libraries are loaded where it has them.

    Raises:
        RuntimeSetupError: the wheel is missing, doubled, too old, or its import fails.
    """
    wheel, _ = installed_wheel()
    try:
        import onnxruntime
    except ImportError as error:
        raise RuntimeSetupError(
            f"{wheel} is installed but can't be imported ({error}). "
            f"Run `pip install --force-reinstall {wheel}`."
        ) from error
    if wheel == GPU_WHEEL:
        _preload_cuda(onnxruntime)
    return onnxruntime


@cache
def _preload_cuda(onnxruntime: Any) -> None:
    with _stdout_to_log():
        onnxruntime.preload_dlls()


@contextlib.contextmanager
def _stdout_to_log() -> Iterator[None]:
    # ONNX Runtime prints what it can't load, and stdout may be carrying a protocol.
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        yield
    for line in printed.getvalue().splitlines():
        log.debug("onnxruntime: %s", line)


def cuda_problem() -> str | None:
    """Why CUDA can't be used here, as one clause; None where a session really ran on it.

    Raises:
        RuntimeSetupError: see `load_onnxruntime`.
    """
    wheel, _ = installed_wheel()
    if wheel != GPU_WHEEL:
        return f"the installed {wheel} is the CPU build"
    onnxruntime = load_onnxruntime()
    if CUDA_PROVIDER not in onnxruntime.get_available_providers():
        return f"the installed {wheel} was built without CUDA"
    return _probe_cuda(onnxruntime)


@cache
def _probe_cuda(onnxruntime: Any) -> str | None:
    import numpy as np

    # A missing CUDA library is logged by the default logger, whatever the session's own level.
    onnxruntime.set_default_logger_severity(_LOG_FATAL)
    try:
        with _stdout_to_log():
            session = onnxruntime.InferenceSession(_PROBE, providers=session_providers("cuda"))
            if CUDA_PROVIDER not in session.get_providers():
                return "no NVIDIA GPU, driver or CUDA library could be loaded"
            session.run(None, {"x": np.ones(1, np.float32)})
    except Exception as error:  # ONNX Runtime raises its own types, RuntimeError and others
        return f"a trial run failed ({str(error).splitlines()[0]})"
    finally:
        onnxruntime.set_default_logger_severity(_LOG_WARNING)
    return None


def usable_devices() -> list[Device]:
    """The devices that really work here, fastest first.

    Raises:
        RuntimeSetupError: see `load_onnxruntime`.
    """
    load_onnxruntime()
    return ["cpu"] if cuda_problem() else ["cuda", "cpu"]


def choose_device(wanted: str = "auto") -> Device:
    """The device to run on: `auto` takes CUDA where it really works, else the CPU.

    Raises:
        UsageError: `wanted` is not `auto`, `cpu` or `cuda`.
        RuntimeSetupError: `cuda` was asked for and can't be used, or see `load_onnxruntime`.
    """
    if wanted not in DEVICES:
        raise UsageError(f"There is no device {wanted!r}. Choose one of: {', '.join(DEVICES)}.")
    wheel, _ = installed_wheel()
    if wanted == "cpu" or (wanted == "auto" and wheel == CPU_WHEEL):
        return "cpu"
    problem = cuda_problem()
    if problem is None:
        return "cuda"
    if wanted == "auto":
        log.warning("Running on the CPU: %s is installed, but %s.", wheel, problem)
        return "cpu"
    remedy = (
        f"Run `pip uninstall -y {CPU_WHEEL}`, then `pip install 'spanfill[gpu]'`."
        if wheel == CPU_WHEEL
        else "Check `nvidia-smi`, reinstall `spanfill[gpu]` with its CUDA libraries, or choose `cpu`."
    )
    raise RuntimeSetupError(f"CUDA can't be used: {problem}. {remedy}")


def session_providers(device: Device) -> list[str]:
    """Execution providers to open a session with, in order of preference."""
    return [CUDA_PROVIDER, CPU_PROVIDER] if device == "cuda" else [CPU_PROVIDER]


def device_of(session: Any) -> Device:
    """The device that a loaded session really runs on."""
    return "cuda" if CUDA_PROVIDER in session.get_providers() else "cpu"


def fallback_warning(session: Any, device: Device) -> str | None:
    """One sentence where a session opened for CUDA silently runs on the CPU; None where all is well."""
    if device == "cpu" or device_of(session) == "cuda":
        return None
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    hint = f" CUDA_VISIBLE_DEVICES is {visible!r}." if visible is not None else ""
    return (
        "CUDA was asked for, but ONNX Runtime fell back to the CPU, which is many times slower."
        f"{hint} Run `spanfill doctor`."
    )
