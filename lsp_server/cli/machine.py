"""What this machine is and its processor can do, as far as the system tells it: what figures depend on."""

import os
import platform
from functools import cache
from pathlib import Path
from typing import Any

INTERESTING = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx_vnni": "AVX-VNNI",
    "avx512_vnni": "AVX-512 VNNI",
    "amx_int8": "AMX int8",
    "asimddp": "dot product",
    "i8mm": "int8 matrices",
}
"""The kernel's names of what integer matrix products profit from, and the makers'."""


@cache
def processor() -> str:
    """The processor's name."""
    return _cpuinfo().get("model name") or platform.processor() or platform.machine()


@cache
def processor_features() -> tuple[str, ...] | None:
    """Which of the interesting features it has; None where the system is not Linux, which lists them."""
    info = _cpuinfo()
    flags = info.get("flags") or info.get("Features")  # x86 and ARM name the line differently
    if flags is None:
        return None
    have = set(flags.split())
    return tuple(name for flag, name in INTERESTING.items() if flag in have)


@cache
def _cpuinfo() -> dict[str, str]:
    try:
        return parse_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        return {}


def parse_cpuinfo(text: str) -> dict[str, str]:
    """The first processor's lines of `/proc/cpuinfo`, by their names."""
    pairs = (line.split(":", 1) for line in text.split("\n\n", 1)[0].splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def describe_machine(model: str | None, device: str, threads: int | None) -> dict[str, Any]:
    """What measured figures depend on.

    Raises:
        ModelError: the model is not installed.
        RuntimeSetupError: ONNX Runtime or the device is missing.
    """
    import psutil

    from runtime.manifest import load_manifest
    from runtime.providers import choose_device, installed_wheel
    from runtime.store import resolve

    manifest = load_manifest(resolve(model))
    wheel, version = installed_wheel()
    return {
        "cpu": processor(),
        "features": list(processor_features() or ()),
        "cores": os.cpu_count(),
        "threads": threads or "auto",
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        wheel: version,
        "device": choose_device(device),
        "model": manifest.name,
        "quantization": manifest.quantization,
    }
