"""Encoders through optimum: the same logits as transformers', and fills through the engine."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from encoder_maker import KINDS, make_encoder
from random_decoder import SAMPLE
from transformers import AutoModelForMaskedLM

from export.checkpoints.open import open_checkpoint
from export.models import convert_model, reference_of
from export.parity import LogitsGraph
from export.verification import verify
from runtime.engine import FillEngine
from runtime.errors import ModelFileError, UsageError
from runtime.manifest import load_manifest
from runtime.request import FillRequest

pytestmark = pytest.mark.filterwarnings("ignore")  # the tracer's, of every constant it folds


def quiet(_stage: str, _done: float) -> None:
    """No progress to show."""


@pytest.fixture(scope="module", params=KINDS)
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoder") / request.param, request.param)


@pytest.fixture(scope="module")
def exact(encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(encoder, tmp_path_factory.mktemp("exact") / encoder.name, "none")


def export(encoder: Path, out: Path, quantization: str, **options: object) -> Path:
    convert_model(
        open_checkpoint(encoder, progress=quiet),
        out,
        name=out.name,
        quantization=quantization,
        vocabulary="full",
        progress=quiet,
        **options,  # type: ignore[arg-type]
    )
    return out


def test_logits_are_those_of_transformers(encoder: Path, exact: Path) -> None:
    """At several lengths: nothing of the traced text's length may have stayed in the graph."""
    graph = LogitsGraph(exact)
    model = AutoModelForMaskedLM.from_pretrained(encoder).eval()
    for count in (2, 7, 40, 131, 250):
        ids = np.random.default_rng(count).integers(5, 480, count)
        (ours,) = graph.run(ids.tolist(), count)
        with torch.no_grad():
            theirs = model(torch.from_numpy(ids)[None]).logits[0].numpy()[:, graph.vocabulary]
        assert theirs.std() > 0.3, "logits that hardly vary prove nothing"
        assert np.abs(ours - theirs).max() < 1e-4


def test_it_fills_the_middle(exact: Path) -> None:
    engine = FillEngine.open(exact, device="cpu", threads=1, calibrate=False)
    request = FillRequest(
        prefix=SAMPLE[:150], suffix=SAMPLE[200:300], mode="region", max_tokens=12, length="fixed:6"
    )
    result = engine.complete(request)
    assert (result.tokens, result.cache_policy, result.sampler) == (6, "none", "confidence")
    with pytest.raises(UsageError, match="choose one of none"):
        engine.complete(FillRequest(prefix="x", cache="dual"))


def test_the_manifest_says_what_it_is(encoder: Path, exact: Path) -> None:
    manifest = load_manifest(exact)
    assert (manifest.kind, manifest.shift, manifest.cache) == ("bidirectional", False, None)
    assert manifest.context_length == 256
    slots = [piece.slot for piece in manifest.layouts["fim"]]
    assert slots == [None, "prefix", "span", "suffix", None]
    kept = LogitsGraph(exact).vocabulary
    assert manifest.tokens.mask not in kept
    assert manifest.family == encoder.name


@pytest.mark.parametrize("quantization", ["int8", "int4"])
def test_quantised_ones_are_near(encoder: Path, tmp_path: Path, quantization: str) -> None:
    folder = export(encoder, tmp_path / quantization, quantization)
    checkpoint = open_checkpoint(encoder, progress=quiet)
    report = verify(
        folder,
        lambda manifest: reference_of(checkpoint, manifest),
        checkpoint.source.sha256,
        [SAMPLE],
        tokens=60,
        progress=quiet,
    )
    # Random weights are harder on few bits than trained ones; this says that nothing is mixed up.
    assert report.mean_error < {"int8": 0.1, "int4": 0.6}[quantization]
    assert report.top1_agreement > {"int8": 0.85, "int4": 0.4}[quantization]
    exact_bytes = load_manifest(folder).bytes
    assert exact_bytes < 1_300_000


def test_weights_can_be_sharded(encoder: Path, tmp_path: Path) -> None:
    folder = export(encoder, tmp_path / "sharded", "none", shard_bytes=100_000)
    assert len(list(folder.glob("model.onnx.data*"))) > 1
    assert len(list(LogitsGraph(folder).run([5, 6, 7], 3))) == 1


class TestRefusals:
    def test_no_mask_token(self, tmp_path: Path) -> None:
        folder = make_encoder(tmp_path / "maskless", "roberta", mask=False)
        with pytest.raises(ModelFileError, match="no mask token"):
            export(folder, tmp_path / "out", "none")
        assert not (tmp_path / "out").exists()

    def test_weights_that_its_class_lacks(self, encoder: Path, tmp_path: Path) -> None:
        config = json.loads((encoder / "config.json").read_text())
        config["num_hidden_layers"] += 1
        broken = tmp_path / "broken"
        broken.mkdir()
        for path in encoder.iterdir():
            (broken / path.name).write_bytes(path.read_bytes())
        (broken / "config.json").write_text(json.dumps(config))
        with pytest.raises(ModelFileError, match="lacks weights"):
            export(broken, tmp_path / "out", "none")
        assert not (tmp_path / "out").exists()
        assert not list(tmp_path.glob(".*"))

    @pytest.mark.parametrize("quantization", ["fp16", "int3"])
    def test_a_quantisation_it_can_not_have(self, encoder: Path, tmp_path: Path, quantization: str) -> None:
        with pytest.raises(UsageError, match="none, int8, int4"):
            export(encoder, tmp_path / "out", quantization)

    def test_an_adapter(self, encoder: Path, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="adapter"):
            export(encoder, tmp_path / "out", "none", adapter=tmp_path / "a.safetensors")
