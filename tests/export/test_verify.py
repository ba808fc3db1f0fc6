"""`verify` on one checkpoint of every family: what it measures, stores and catches."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from checkpoint_maker import make_checkpoint
from checkpoint_recipes import FAMILIES
from random_decoder import SAMPLE

from export.checkpoints.base import Checkpoint
from export.checkpoints.open import open_checkpoint
from export.models import convert_model, reference_of
from export.verification import Report, verify
from export.verification.trial import trials
from runtime.errors import UsageError
from runtime.manifest import FileRecord, load_manifest, save_manifest, sha256_of
from runtime.tokenizer import Tokenizer


def quiet(_stage: str, _done: float) -> None:
    """No progress to show."""


def export(parent: Path, family: str, quantization: str = "none", seed: int = 0) -> tuple[Path, Checkpoint]:
    checkpoint = open_checkpoint(make_checkpoint(parent, family, seed=seed), progress=quiet)
    folder = parent / "out"
    convert_model(
        checkpoint, folder, name="out", quantization=quantization, vocabulary="full", progress=quiet
    )
    return folder, checkpoint


def compare(folder: Path, checkpoint: Checkpoint, tokens: int = 80) -> Report:
    return verify(
        folder,
        lambda manifest: reference_of(checkpoint, manifest),
        checkpoint.source.sha256,
        [SAMPLE, SAMPLE * 2],
        tokens=tokens,
        progress=quiet,
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_equals_its_checkpoint(tmp_path: Path, family: str) -> None:
    folder, checkpoint = export(tmp_path, family)
    report = compare(folder, checkpoint)
    assert report.ok
    assert report.same_checkpoint
    assert report.max_error < 1e-4
    assert report.top1_agreement == 1.0
    assert report.tokens > 10
    assert math.isclose(report.perplexity, report.reference_perplexity, rel_tol=1e-4)
    assert load_manifest(folder).parity["verified"]["max_error"] == report.max_error


@pytest.mark.parametrize("quantization", ["fp16", "int8", "int4"])
def test_fewer_bits_are_measured(tmp_path: Path, quantization: str) -> None:
    report = compare(*export(tmp_path, "dream", quantization))
    assert report.ok
    assert {"fp16": 1e-4, "int8": 1e-3, "int4": 1e-2}[quantization] < report.max_error
    assert report.max_error < {"fp16": 2e-2, "int8": 1.0, "int4": 4.0}[quantization]


def test_other_weights_are_told_apart(tmp_path: Path) -> None:
    folder, _ = export(tmp_path, "sdar")
    other = open_checkpoint(make_checkpoint(tmp_path / "other", "sdar", seed=1), progress=quiet)
    report = compare(folder, other)
    assert not report.same_checkpoint
    assert not report.ok


def test_a_graph_that_computes_something_else_fails(tmp_path: Path) -> None:
    """A causal graph in the place of a bidirectional one: the fault that is easiest to overlook."""
    folder, checkpoint = export(tmp_path, "open-dcoder")
    path = folder / "model.onnx"
    model = ir.load(path)
    for node in model.graph:
        if node.op_type == "GroupQueryAttention":
            node.attributes["causal"] = ir.AttrInt64("causal", 1)
    ir.save(model, path)
    manifest = load_manifest(folder)
    record = FileRecord(bytes=path.stat().st_size, sha256=sha256_of(path))
    save_manifest(replace(manifest, files=manifest.files | {"model.onnx": record}), folder)
    assert not compare(folder, checkpoint).ok


def test_texts_that_are_too_short_are_refused(tmp_path: Path) -> None:
    folder, checkpoint = export(tmp_path, "llada")
    with pytest.raises(UsageError, match="too short"):
        verify(
            folder,
            lambda manifest: reference_of(checkpoint, manifest),
            "",
            ["", "x"],
            progress=quiet,
        )


class TestTrials:
    def test_a_masked_model_is_asked_for_what_is_masked(self, tmp_path: Path) -> None:
        folder, _ = export(tmp_path, "llada")
        manifest = load_manifest(folder)
        tokenizer = Tokenizer(folder / "tokenizer.json")
        (trial,) = trials(manifest, tokenizer, [SAMPLE], tokens=1000, seed=0)
        ids = np.array(tokenizer.encode(SAMPLE))
        assert (trial.ids[trial.rows] == manifest.tokens.mask).all()
        assert (ids[trial.rows] == trial.targets).all()
        assert 0.25 < len(trial.rows) / len(ids) < 0.35

    def test_a_shifted_one_answers_at_the_place_before(self, tmp_path: Path) -> None:
        folder, _ = export(tmp_path, "dream")
        manifest = load_manifest(folder)
        (trial,) = trials(manifest, Tokenizer(folder / "tokenizer.json"), [SAMPLE], tokens=1000, seed=0)
        assert (trial.ids[trial.rows + 1] == manifest.tokens.mask).all()

    def test_a_block_causal_one_is_asked_in_its_last_block(self, tmp_path: Path) -> None:
        folder, _ = export(tmp_path, "sdar")
        manifest = load_manifest(folder)
        assert manifest.block_length is not None
        asked = list(trials(manifest, Tokenizer(folder / "tokenizer.json"), [SAMPLE], tokens=1000, seed=0))
        assert len(asked) > 3
        for trial in asked:
            assert len(trial.ids) % manifest.block_length == 0
            assert (trial.rows >= len(trial.ids) - manifest.block_length).all()
