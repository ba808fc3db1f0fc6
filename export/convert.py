"""Checkpoint → model folder, without torch.

Streams one layer at a time: memory holds the largest tensor (the embedding) and its quantised copy.
`convert_checkpoint` takes any supported checkpoint; `convert_gguf` is the default model's own path, which
takes a plain Qwen2 in a GGUF file.
"""

from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

import numpy as np
import onnx_ir as ir
import tokenizers

from export.adapter import AdapterDescription, read_adapter, read_description
from export.checkpoints.base import Checkpoint
from export.decoder import DecoderConfig, DecoderWeights, Progress
from export.families import Denoiser, read_denoiser
from export.gguf.checkpoint import GgufCheckpoint
from export.gguf.tokenizer import build_tokenizer
from export.graph.decoder import Adapter, DecoderFormat, write_decoder
from export.graph.head import HeadFormat
from export.graph.linear import FloatLinear, Int4Linear, Int8Linear, LinearFormat
from export.graph.weights_file import WeightsFile
from export.graph.writer import GraphWriter
from export.layouts import qwen2_layouts
from export.licence import find_licence, write_licence
from export.recorded_parity import recorded_parity
from export.staging import check_vacant, staging
from export.tokenizer_file import folder_tokenizer
from export.vocabulary import answer_ids, ascii_ids, special_ids
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


def linear_formats(quantization: str) -> tuple[LinearFormat, LinearFormat, type[np.floating]]:
    """How a quantisation stores the layers' weights and the head's, and the type of its activations.

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
    return linears[quantization]


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
        UsageError: no such quantisation, or the model's sizes don't suit it.
    """
    body, head, float_type = linear_formats(quantization)
    if isinstance(body, Int4Linear) and (config.width % body.block or config.ffn_width % body.block):
        raise UsageError(
            f"4-bit weights need widths that are multiples of {body.block}; this model's are "
            f"{config.width} and {config.ffn_width}. Choose int8."
        )
    return DecoderFormat(
        linear=body,
        head=HeadFormat(linear=head, top_k=TOP_K, kept_ids=kept_ids, debug_logits=debug_logits),
        float_type=float_type,
        causal=causal,
        rotary_length=config.context_length,
    )


def write_graph(
    folder: Path,
    weights: DecoderWeights,
    form: DecoderFormat,
    adapter: Adapter | None,
    progress: Progress,
    shard_bytes: int | None = None,
) -> None:
    """Write model.onnx and model.onnx.data into `folder`, the weights in files of at most `shard_bytes`."""
    data = WeightsFile(folder / WEIGHTS_FILE, shard_bytes)
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
    chosen = choose_vocabulary(vocabulary, quantization)
    progress("tokenizer", 0.0)
    checkpoint = GgufCheckpoint(gguf)
    tokenizer = build_tokenizer(checkpoint)
    tokenizer.save(str(out / TOKENIZER_FILE))
    factors = read_adapter(adapter, checkpoint.config) if adapter else None
    description, mask = _adapter_tokens(adapter, tokenizer, source)

    special = special_ids(tokenizer)
    written = max(special) + 1  # the table's rows past the last token are padding
    kept = ascii_ids(tokenizer) if chosen == "ascii" else np.arange(written, dtype=np.int32)
    form = decoder_format(quantization, checkpoint.config, kept)
    write_graph(out, checkpoint, form, factors, progress)
    changes = "dequantised, quantised again and written as an ONNX graph by spanfill."
    write_licence(out, licence, source, changes=changes)

    denoiser = Denoiser(
        weights=checkpoint,
        kind="hybrid",
        shift=True,
        tokens=Tokens(
            eos=tuple(special),
            pad=tokenizer.token_to_id("<|endoftext|>"),
            file_separator=tokenizer.token_to_id("<|file_sep|>"),
            mask=mask,
        ),
        layouts=qwen2_layouts(tokenizer),
        sampler=SamplerDefault(name="self-verify"),
    )
    adapted = factors is not None
    graph = _graph_info(chosen, len(kept), description)
    manifest = replace(
        _manifest(name, denoiser, graph, quantization, source, licence),
        parity=recorded_parity(source.sha256, quantization, chosen, adapted=adapted),
    )
    return finish_folder(out, manifest, progress)


def convert_checkpoint(
    checkpoint: Checkpoint,
    out: Path,
    *,
    name: str,
    family: str = "auto",
    quantization: str,
    vocabulary: str | None = None,
    adapter: Path | None = None,
    shard_bytes: int | None = None,
    licence: str | None = None,
    progress: Progress,
) -> Manifest:
    """Convert `checkpoint` into the model folder `out` and return its manifest.

    The folder appears whole or not at all.

    Args:
        checkpoint: what to convert.
        out: a folder that doesn't exist yet, or is empty.
        name: what the model is called.
        family: how to read the checkpoint; `auto` goes by its config.json.
        quantization: of the weights: `none`, `fp16`, `int8` or `int4`.
        vocabulary: `ascii` or `full`, the tokens the head can answer with; None goes by the quantisation.
        adapter: a low-rank adapter for a causal model's span tokens.
        shard_bytes: the most that one file of weights may have; None writes a single one.
        licence: of the weights, an SPDX name; None takes what the checkpoint says of itself.
        progress: told each stage and how much of it is done.

    Raises:
        UsageError: an argument names something that doesn't exist or doesn't fit this checkpoint.
        ModelFileError: the checkpoint is of no supported family, or lacks or contradicts something.
        FetchError: `out` can't be written.
    """
    chosen = choose_vocabulary(vocabulary, quantization)
    check_vacant(out)
    progress("tokenizer", 0.0)
    checkpoint = replace(checkpoint, tokenizer=folder_tokenizer(checkpoint.tokenizer))
    denoiser = read_denoiser(checkpoint, family)
    config = denoiser.weights.config
    if adapter is not None and denoiser.kind != "hybrid":
        raise UsageError(f"An adapter needs a causal model; {config.family} is {denoiser.attention}.")
    factors = read_adapter(adapter, config) if adapter else None
    description, mask = _adapter_tokens(adapter, checkpoint.tokenizer, checkpoint.source)
    if mask is not None:
        denoiser = replace(denoiser, tokens=replace(denoiser.tokens, mask=mask))
    kept = answer_ids(checkpoint.tokenizer, chosen, denoiser.unanswerable)
    form = decoder_format(quantization, config, kept, causal=denoiser.kind == "hybrid")
    licence = licence or find_licence(checkpoint.path)
    out.parent.mkdir(parents=True, exist_ok=True)
    with staging(out) as beside:
        checkpoint.tokenizer.save(str(beside / TOKENIZER_FILE))
        write_graph(beside, denoiser.weights, form, factors, progress, shard_bytes)
        changes = f"written as an ONNX graph by spanfill (quantisation: {quantization})."
        write_licence(beside, licence, checkpoint.source, changes=changes, checkpoint=checkpoint.path)
        graph = _graph_info(chosen, len(kept), description)
        return finish_folder(
            beside, _manifest(name, denoiser, graph, quantization, checkpoint.source, licence), progress
        )


def choose_vocabulary(vocabulary: str | None, quantization: str) -> Vocabulary:
    """The vocabulary asked for, or the quantisation's usual one.

    Raises:
        UsageError: no such vocabulary.
    """
    vocabulary = vocabulary or DEFAULT_VOCABULARY.get(quantization, "full")
    if vocabulary not in ("ascii", "full"):
        raise UsageError(f"No vocabulary {vocabulary!r}; choose ascii or full.")
    return cast(Vocabulary, vocabulary)


def _adapter_tokens(
    adapter: Path | None, tokenizer: tokenizers.Tokenizer, source: Source
) -> tuple[AdapterDescription | None, int | None]:
    """What an adapter says of itself, and the id of its mask token; None for what there is not.

    Raises:
        UsageError: the adapter was trained on another checkpoint, or for another graph.
    """
    if adapter is None:
        return None, None
    said = read_description(adapter)
    if said.base_sha256 is not None and said.base_sha256 != source.sha256:
        raise UsageError(
            f"The adapter {adapter} was trained on another checkpoint (SHA-256 {said.base_sha256[:12]}…). "
            "Export that one, or train an adapter on this one."
        )
    if said.slots and said.attention != "causal":
        raise UsageError(
            f"The adapter {adapter} was trained with {said.attention} attention among masks; "
            "the graph has causal attention only."
        )
    if said.mask_token is None:
        return said, None
    mask = tokenizer.token_to_id(said.mask_token)
    if mask is None:
        raise UsageError(
            f"The adapter {adapter} uses the token {said.mask_token}, which the tokenizer lacks."
        )
    return said, mask


def _graph_info(vocabulary: Vocabulary, size: int, adapter: AdapterDescription | None) -> GraphInfo:
    return GraphInfo(
        file=GRAPH_FILE,
        top_k=TOP_K,
        vocabulary=vocabulary,
        vocabulary_size=size,
        adapter=adapter is not None,
        mask_slots=adapter.slots if adapter is not None and adapter.mask_token is not None else 0,
    )


def _manifest(
    name: str, denoiser: Denoiser, graph: GraphInfo, quantization: str, source: Source, licence: str
) -> Manifest:
    config = denoiser.weights.config
    return Manifest(
        name=name,
        family=config.family,
        kind=denoiser.kind,
        attention=denoiser.attention,
        shift=denoiser.shift,
        tokens=denoiser.tokens,
        layouts=denoiser.layouts,
        context_length=config.context_length,
        cache=CacheShape(
            layers=config.layers,
            kv_heads=config.kv_heads,
            head_size=config.head_size,
            dtype="float16" if quantization == "fp16" else "float32",
        ),
        graph=graph,
        quantization=cast(Quantization, quantization),
        sampler=denoiser.sampler,
        source=source,
        licence=licence,
        files={},
        block_length=denoiser.block_length,
    )


def finish_folder(folder: Path, manifest: Manifest, progress: Progress) -> Manifest:
    """Record the folder's files in its manifest and write that."""
    progress("hashing", 0.0)
    records = {
        path.name: FileRecord(bytes=path.stat().st_size, sha256=sha256_of(path))
        for path in sorted(folder.iterdir())
    }
    manifest = replace(manifest, files=records)
    save_manifest(manifest, folder)
    progress("hashing", 1.0)
    return manifest
