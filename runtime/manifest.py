"""The model folder's `spanfill.json`: everything a runtime would otherwise have to guess.

Knows the schema and its checks; does not know ONNX Runtime or the tokenizer. Token ids are
written here and nowhere else.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cattrs
from cattrs.gen import make_dict_structure_fn

from runtime.errors import ManifestError, ModelFileError

FORMAT = 1
"""Version of the manifest schema this program reads and writes."""

FILE_NAME = "spanfill.json"
VERIFIED_NAME = ".verified.json"

Attention = Literal["bidirectional", "block_causal", "causal"]
Kind = Literal["bidirectional", "block_causal", "hybrid"]
Quantization = Literal["none", "fp16", "int8", "int4"]
Slot = Literal["prefix", "suffix", "path", "language", "instruction", "context", "span"]

ATTENTION_OF_KIND: dict[str, str] = {
    "bidirectional": "bidirectional",
    "block_causal": "block_causal",
    "hybrid": "causal",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One part of a prompt layout: exactly one of a token id, fixed text, or a slot to fill."""

    token: int | None = None
    """A (special) token's id."""
    text: str | None = None
    """Fixed text, tokenised as it stands."""
    slot: Slot | None = None
    """What the request supplies here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Ids with a meaning to the runtime; None where the model has no such token."""

    eos: tuple[int, ...]
    """Any of these ends the text."""
    pad: int | None = None
    mask: int | None = None
    expand: int | None = None
    delete: int | None = None
    file_separator: int | None = None
    """Stands before each file's path where a prompt holds several files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheShape:
    """Shape of one layer's key (or value) buffer: (1, kv_heads, capacity, head_size)."""

    layers: int
    kv_heads: int
    head_size: int
    dtype: Literal["float32", "float16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphInfo:
    """What the exported graph offers."""

    file: str
    top_k: int
    """Candidates given for each position."""
    vocabulary: Literal["full", "ascii"]
    """Which tokens the head can answer with."""
    vocabulary_size: int
    """How many tokens that is."""
    adapter: bool
    """Whether the graph has the `adapter_gate` input."""
    mask_slots: int = 0
    """Masks behind a token that the adapter was trained to fill; 0 where it drafts none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplerDefault:
    """The sampler to use when the request names none, and its settings."""

    name: str
    settings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The checkpoint this folder was made from."""

    repository: str
    revision: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRecord:
    """Size and hash of one file of the folder."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`spanfill.json`, checked."""

    name: str
    family: str
    kind: Kind
    attention: Attention
    shift: bool
    """True where the logits at position i predict token i + 1."""
    tokens: Tokens
    layouts: dict[str, tuple[Piece, ...]]
    context_length: int
    cache: CacheShape | None
    """None for encoders that run full passes only."""
    graph: GraphInfo
    quantization: Quantization
    sampler: SamplerDefault
    source: Source
    licence: str
    files: dict[str, FileRecord]
    block_length: int | None = None
    parity: dict[str, Any] = field(default_factory=dict)
    """Figures of the numerical comparison with the source checkpoint."""
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """Size of the folder's recorded files."""
        return sum(record.bytes for record in self.files.values())


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    # Before the classes: cattrs binds the hooks of a class's fields when it makes the class's own.
    for scalar in (int, str, bool):
        converter.register_structure_hook(scalar, _exactly(scalar))
    for cls in (Piece, Tokens, CacheShape, GraphInfo, SamplerDefault, Source, FileRecord, Manifest):
        converter.register_structure_hook(
            cls, make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)
        )
    return converter


def _exactly(expected: type) -> Any:
    """Refuse values of another type: JSON's "12" must not pass for 12."""

    def structure(value: Any, _: Any) -> Any:
        if type(value) is not expected:
            raise TypeError(f"expected {expected.__name__}, got {type(value).__name__}")
        return value

    return structure


_CONVERTER = _converter()


def load_manifest(folder: Path) -> Manifest:
    """Read and check `folder/spanfill.json`.

    Raises:
        ManifestError: it is missing, not JSON, of another version, or contradicts itself.
    """
    path = folder / FILE_NAME
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(
            f"{folder} is not a model folder: it has no {FILE_NAME}. Run `spanfill models list`."
        ) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ManifestError(f"{path} can't be read as JSON ({error}). Pull the model again.") from error
    if not isinstance(raw, dict) or "format" not in raw:
        raise ManifestError(f"{path} has no `format` key, so it is not a spanfill manifest.")
    if raw["format"] != FORMAT:
        raise ManifestError(
            f"{path} is of manifest format {raw['format']!r}; this spanfill reads format {FORMAT}. "
            "Pull or export the model again with this version."
        )
    try:
        manifest = _CONVERTER.structure(raw, Manifest)
    except Exception as error:  # cattrs raises groups of many types; all mean a malformed manifest
        details = "; ".join(cattrs.transform_error(error, path="manifest"))
        raise ManifestError(f"{path} is malformed: {details}. Pull or export the model again.") from error
    _check_consistent(manifest, path)
    return manifest


def _check_consistent(manifest: Manifest, path: Path) -> None:
    def refuse(what: str) -> None:
        raise ManifestError(f"{path} contradicts itself: {what}. Pull or export the model again.")

    if manifest.attention != ATTENTION_OF_KIND[manifest.kind]:
        refuse(f"kind {manifest.kind!r} with attention {manifest.attention!r}")
    if manifest.attention == "block_causal" and not manifest.block_length:
        refuse("block-causal attention without `block_length`")
    if manifest.kind == "bidirectional" and manifest.tokens.mask is None:
        refuse("a bidirectional denoiser without `tokens.mask`")
    if manifest.graph.mask_slots and manifest.tokens.mask is None:
        refuse("masked slots without `tokens.mask`")
    if manifest.kind == "hybrid" and not manifest.tokens.eos:
        refuse("a hybrid denoiser without `tokens.eos`")
    if manifest.graph.file not in manifest.files:
        refuse(f"`files` does not record {manifest.graph.file!r}")
    for name in manifest.files:
        if Path(name).name != name:
            refuse(f"the file name {name!r} leaves the folder")
    for name, pieces in manifest.layouts.items():
        for piece in pieces:
            if sum(part is not None for part in (piece.token, piece.text, piece.slot)) != 1:
                refuse(f"layout {name!r} has a piece that is not exactly one of token, text and slot")


def save_manifest(manifest: Manifest, folder: Path) -> None:
    """Write `folder/spanfill.json`."""
    raw = _CONVERTER.unstructure(manifest)
    for pieces in raw["layouts"].values():
        pieces[:] = [{key: value for key, value in piece.items() if value is not None} for piece in pieces]
    text = json.dumps(raw, indent=2, ensure_ascii=False) + "\n"
    (folder / FILE_NAME).write_text(text, encoding="utf-8")


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_files(folder: Path, manifest: Manifest, *, thorough: bool = False) -> None:
    """Check that every recorded file is there, whole and unaltered.

    Hashing half a gigabyte takes about a second, so a file whose size and modification time are
    those of the last successful hash is not read again unless `thorough`.

    Raises:
        ModelFileError: a file is missing, has another size, or another hash.
    """
    stamp_path = folder / VERIFIED_NAME
    try:
        stamps = json.loads(stamp_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stamps = {}
    fresh: dict[str, list[int]] = {}
    for name, record in manifest.files.items():
        path = folder / name
        again = f"Remove the model with `spanfill models remove {manifest.name}` and pull it again."
        try:
            status = path.stat()
        except OSError:
            raise ModelFileError(f"{path} is missing. {again}") from None
        if status.st_size != record.bytes:
            raise ModelFileError(
                f"{path} has {status.st_size:,} bytes where the manifest records {record.bytes:,}: "
                f"it is truncated or altered. {again}"
            )
        fresh[name] = [status.st_size, status.st_mtime_ns]
        if (thorough or stamps.get(name) != fresh[name]) and sha256_of(path) != record.sha256:
            raise ModelFileError(f"{path} does not have the SHA-256 the manifest records. {again}")
    if fresh != stamps:
        try:
            stamp_path.write_text(json.dumps(fresh), encoding="utf-8")
        except OSError:
            # A read-only model folder is fine: it is hashed at each load instead.
            return
