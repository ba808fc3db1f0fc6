"""GGUF checkpoint → model folder, without torch.

Streams one layer at a time: memory holds the largest tensor (the embedding) and its quantised copy.
"""

import shutil
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Literal, cast

import numpy as np
import onnx_ir as ir
import tokenizers

from export.adapter import read_adapter
from export.decoder import DecoderConfig, DecoderWeights, Progress
from export.gguf.checkpoint import GgufCheckpoint
from export.gguf.tokenizer import build_tokenizer
from export.graph.decoder import Adapter, DecoderFormat, write_decoder
from export.graph.head import HeadFormat
from export.graph.linear import FloatLinear, Int4Linear, Int8Linear, LinearFormat
from export.graph.weights_file import WeightsFile
from export.graph.writer import GraphWriter
from export.layouts import qwen2_layouts
from export.recorded_parity import recorded_parity
from export.vocabulary import ascii_ids, special_ids
from runtime.errors import UsageError
from runtime.manifest import (
    CacheShape,
    FileRecord,
    GraphInfo,
    Manifest,
    Quantization,
    SamplerDefault,
    Source,
    Tokens,
    save_manifest,
    sha256_of,
)

GRAPH_FILE, WEIGHTS_FILE, TOKENIZER_FILE = "model.onnx", "model.onnx.data", "tokenizer.json"
TOP_K = 16
Vocabulary = Literal["ascii", "full"]

DEFAULT_VOCABULARY: dict[str, Vocabulary] = {"int8": "ascii", "int4": "ascii", "fp16": "full", "none": "full"}
"""On a CPU the head is a fifth of a pass and two fifths of it are tokens that code rarely writes."""


def decoder_format(
    quantization: str,
    config: DecoderConfig,
    kept_ids: np.ndarray[tuple[int], np.dtype[np.int32]] | None,
    *,
    causal: bool = True,
    debug_logits: bool = False,
) -> DecoderFormat:
    """The graph format of a quantisation name.

    Raises:
        UsageError: no such quantisation.
    """
    linears: dict[str, tuple[LinearFormat, LinearFormat, type[np.floating]]] = {
        "none": (FloatLinear(np.float32), FloatLinear(np.float32), np.float32),
        "fp16": (FloatLinear(np.float16), FloatLinear(np.float16), np.float16),
        "int8": (Int8Linear(), Int8Linear(), np.float32),
        # The head stays at 8 bits: at 4 it costs accuracy out of proportion to its bytes.
        "int4": (Int4Linear(), Int8Linear(), np.float32),
    }
    if quantization not in linears:
        raise UsageError(f"No quantisation {quantization!r}; choose one of {', '.join(linears)}.")
    body, head, float_type = linears[quantization]
    return DecoderFormat(
        linear=body,
        head=HeadFormat(linear=head, top_k=TOP_K, kept_ids=kept_ids, debug_logits=debug_logits),
        float_type=float_type,
        causal=causal,
        rotary_length=config.context_length,
    )


def write_graph(
    folder: Path, weights: DecoderWeights, form: DecoderFormat, adapter: Adapter | None, progress: Progress
) -> None:
    """Write model.onnx and model.onnx.data into `folder`."""
    data = WeightsFile(folder / WEIGHTS_FILE)
    try:
        graph = GraphWriter(data)
        write_decoder(graph, weights, form, adapter, progress)
    finally:
        data.close()
    ir.save(graph.model(weights.config.family), folder / GRAPH_FILE)


def convert_gguf(
    gguf: Path,
    out: Path,
    *,
    name: str,
    quantization: str,
    vocabulary: str | None,
    source: Source,
    licence: str,
    adapter: Path | None = None,
    progress: Progress,
) -> Manifest:
    """Convert `gguf` into the empty folder `out` and return its manifest.

    Raises:
        ModelFileError: the file is not a whole GGUF file of a known architecture.
        UsageError: an unknown quantisation or vocabulary.
    """
    vocabulary = vocabulary or DEFAULT_VOCABULARY.get(quantization, "full")
    if vocabulary not in ("ascii", "full"):
        raise UsageError(f"No vocabulary {vocabulary!r}; choose ascii or full.")
    progress("tokenizer", 0.0)
    checkpoint = GgufCheckpoint(gguf)
    tokenizer = build_tokenizer(checkpoint)
    tokenizer.save(str(out / TOKENIZER_FILE))
    factors = read_adapter(adapter, checkpoint.config) if adapter else None

    special = special_ids(tokenizer)
    written = max(special) + 1  # the table's rows past the last token are padding
    kept = ascii_ids(tokenizer) if vocabulary == "ascii" else np.arange(written, dtype=np.int32)
    form = decoder_format(quantization, checkpoint.config, kept)
    write_graph(out, checkpoint, form, factors, progress)
    _write_licence(out, licence, source)

    progress("hashing", 0.0)
    manifest = _manifest(name, checkpoint.config, tokenizer, quantization, source, licence)
    manifest = replace(
        manifest,
        parity=recorded_parity(source.sha256, quantization, vocabulary, adapted=factors is not None),
        graph=GraphInfo(
            file=GRAPH_FILE,
            top_k=TOP_K,
            vocabulary=cast(Vocabulary, vocabulary),
            vocabulary_size=len(kept),
            adapter=factors is not None,
        ),
        files={
            path.name: FileRecord(bytes=path.stat().st_size, sha256=sha256_of(path))
            for path in sorted(out.iterdir())
        },
    )
    save_manifest(manifest, out)
    progress("hashing", 1.0)
    return manifest


def _manifest(
    name: str,
    config: DecoderConfig,
    tokenizer: tokenizers.Tokenizer,
    quantization: str,
    source: Source,
    licence: str,
) -> Manifest:
    return Manifest(
        name=name,
        family=config.family,
        kind="hybrid",
        attention="causal",
        shift=True,
        tokens=Tokens(
            eos=tuple(special_ids(tokenizer)),
            pad=tokenizer.token_to_id("<|endoftext|>"),
            file_separator=tokenizer.token_to_id("<|file_sep|>"),
        ),
        layouts=qwen2_layouts(tokenizer),
        context_length=config.context_length,
        cache=CacheShape(
            layers=config.layers,
            kv_heads=config.kv_heads,
            head_size=config.head_size,
            dtype="float16" if quantization == "fp16" else "float32",
        ),
        graph=GraphInfo(file=GRAPH_FILE, top_k=TOP_K, vocabulary="full", vocabulary_size=1, adapter=False),
        quantization=cast(Quantization, quantization),
        sampler=SamplerDefault(name="self-verify"),
        source=source,
        licence=licence,
        files={},
    )


def _write_licence(out: Path, licence: str, source: Source) -> None:
    text = resources.files("export") / "licences" / f"{licence}.txt"
    with resources.as_file(text) as path:
        shutil.copyfile(path, out / "LICENSE")
    (out / "NOTICE").write_text(
        f"The weights in this folder were converted from {source.repository}\n"
        f"(file {source.file}, revision {source.revision}), licensed under {licence}.\n"
        "Changes: dequantised, quantised again and written as an ONNX graph by spanfill.\n",
        encoding="utf-8",
    )
