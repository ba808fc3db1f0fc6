"""Tiny model folders for tests: a manifest and one small file, nothing that runs."""

from pathlib import Path

from runtime import manifest as m


def make_manifest(**changes: object) -> m.Manifest:
    values: dict[str, object] = {
        "name": "tiny",
        "family": "qwen2",
        "kind": "hybrid",
        "attention": "causal",
        "shift": True,
        "tokens": m.Tokens(eos=(7, 8), mask=9),
        "layouts": {"fim": (m.Piece(token=3), m.Piece(slot="suffix"), m.Piece(text="\n"))},
        "context_length": 128,
        "cache": m.CacheShape(layers=2, kv_heads=1, head_size=8, dtype="float32"),
        "graph": m.GraphInfo(
            file="model.onnx", top_k=4, vocabulary="full", vocabulary_size=16, adapter=False
        ),
        "quantization": "int8",
        "sampler": m.SamplerDefault(name="jacobi", settings={"width": 8.0}),
        "source": m.Source(repository="a/b", revision="c" * 40, file="tiny.gguf", sha256="0" * 64),
        "licence": "Apache-2.0",
        "files": {"model.onnx": m.FileRecord(bytes=4, sha256="0" * 64)},
    }
    return m.Manifest(**{**values, **changes})  # type: ignore[arg-type]


def make_folder(folder: Path, content: bytes = b"onnx", **changes: object) -> Path:
    folder.mkdir(parents=True)
    file = folder / "model.onnx"
    file.write_bytes(content)
    record = m.FileRecord(bytes=len(content), sha256=m.sha256_of(file))
    m.save_manifest(
        make_manifest(**{"name": folder.name, "files": {"model.onnx": record}, **changes}), folder
    )
    return folder
