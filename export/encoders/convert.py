"""Encoder checkpoint → model folder."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import onnx_ir as ir

from export.checkpoints.base import Checkpoint
from export.convert import (
    GRAPH_FILE,
    TOKENIZER_FILE,
    TOP_K,
    WEIGHTS_FILE,
    choose_vocabulary,
    finish_folder,
    linear_formats,
)
from export.decoder import Progress
from export.encoders.load import load_encoder
from export.encoders.optimum_export import export_with_optimum
from export.encoders.rewrite import rewrite
from export.families.special_tokens import SpecialTokens
from export.graph.weights_file import WeightsFile
from export.graph.writer import GraphWriter
from export.licence import find_licence, write_licence
from export.staging import check_vacant, staging
from export.tokenizer_file import folder_tokenizer
from export.vocabulary import answer_ids
from runtime.errors import UsageError
from runtime.manifest import GraphInfo, Manifest, Piece, Quantization, SamplerDefault, Tokens

QUANTIZATIONS = ("none", "int8", "int4")


def convert_encoder(
    checkpoint: Checkpoint,
    out: Path,
    *,
    name: str,
    quantization: str,
    vocabulary: str | None = None,
    adapter: Path | None = None,
    shard_bytes: int | None = None,
    licence: str | None = None,
    progress: Progress,
    debug_logits: bool = False,
) -> Manifest:
    """Convert an encoder into the model folder `out`; see `export.convert.convert_checkpoint`.

    Raises:
        UsageError: an argument that doesn't fit an encoder.
        ModelFileError: the checkpoint lacks a mask token, or can't be loaded or traced.
        RuntimeSetupError: torch, transformers or optimum is missing.
        FetchError: `out` can't be written.
    """
    if quantization not in QUANTIZATIONS:
        raise UsageError(
            f"Encoders take the quantisations {', '.join(QUANTIZATIONS)}; {quantization!r} is for decoders."
        )
    if adapter is not None:
        raise UsageError("An adapter needs a causal model; this is an encoder.")
    check_vacant(out)
    chosen = choose_vocabulary(vocabulary, quantization)
    progress("tokenizer", 0.0)
    checkpoint = replace(checkpoint, tokenizer=folder_tokenizer(checkpoint.tokenizer))
    model = load_encoder(checkpoint)
    special = SpecialTokens(checkpoint, model.config.vocab_size)
    mask = special.mask("[MASK]", "<mask>")
    begin, end = _frame(special, checkpoint)
    ends = tuple(dict.fromkeys([*([] if end is None else [end]), *special.ends()]))
    aside = {mask, begin, special.optional("pad"), special.token("[UNK]"), special.token("<unk>")}
    kept = answer_ids(
        checkpoint.tokenizer, chosen, frozenset(index for index in aside if index is not None) - set(ends)
    )
    licence = licence or find_licence(checkpoint.path)
    out.parent.mkdir(parents=True, exist_ok=True)
    with staging(out) as beside, tempfile.TemporaryDirectory(dir=out.parent, prefix=".optimum-") as traced:
        progress("tracing", 0.0)
        path = export_with_optimum(model, Path(traced))
        checkpoint.tokenizer.save(str(beside / TOKENIZER_FILE))
        data = WeightsFile(beside / WEIGHTS_FILE, shard_bytes)
        try:
            graph = GraphWriter(data)
            linear, _, _ = linear_formats(quantization)
            rewrite(ir.load(path), graph, linear, kept, TOP_K, progress, debug_logits=debug_logits)
        finally:
            data.close()
        ir.save(graph.model(model.config.model_type), beside / GRAPH_FILE)
        changes = f"written as an ONNX graph by optimum and spanfill (quantisation: {quantization})."
        write_licence(beside, licence, checkpoint.source, changes=changes, checkpoint=checkpoint.path)
        manifest = Manifest(
            name=name,
            family=model.config.model_type,
            kind="bidirectional",
            attention="bidirectional",
            shift=False,
            tokens=Tokens(eos=ends, pad=special.optional("pad"), mask=mask),
            layouts={"fim": _layout(begin, end)},
            context_length=_context_length(model.config),
            cache=None,
            graph=GraphInfo(
                file=GRAPH_FILE, top_k=TOP_K, vocabulary=chosen, vocabulary_size=len(kept), adapter=False
            ),
            quantization=cast(Quantization, quantization),
            # An encoder learnt to fill single gaps; the surest first loses least.
            sampler=SamplerDefault(name="confidence"),
            source=checkpoint.source,
            licence=licence,
            files={},
        )
        return finish_folder(beside, manifest, progress)


def _frame(special: SpecialTokens, checkpoint: Checkpoint) -> tuple[int | None, int | None]:
    """What a text stands between: the classifier and separator tokens, or its beginning and end."""

    def named(*roles: str) -> int | None:
        for role in roles:
            content = checkpoint.special.get(role)
            if isinstance(content, str) and (index := special.token(content)) is not None:
                return index
        return None

    return named("cls_token", "bos_token"), named("sep_token", "eos_token")


def _layout(begin: int | None, end: int | None) -> tuple[Piece, ...]:
    head = () if begin is None else (Piece(token=begin),)
    tail = () if end is None else (Piece(token=end),)
    return (*head, Piece(slot="prefix"), Piece(slot="span"), Piece(slot="suffix"), *tail)


def _context_length(config: Any) -> int:
    """Tokens the model has positions for. RoBERTa's kind counts positions from behind the padding's."""
    places: int = config.max_position_embeddings
    if "roberta" in config.model_type or config.model_type in ("camembert", "xlm-roberta", "longformer"):
        places -= config.pad_token_id + 1
    return places
