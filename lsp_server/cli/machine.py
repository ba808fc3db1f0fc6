"""What this machine's processor is called and can do, as far as the system tells it."""

import platform
from functools import cache
from pathlib import Path

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
