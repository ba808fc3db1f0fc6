"""Quantisations, shards and harmless extras of exported families."""

from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest
from checkpoint_maker import make_checkpoint
from family_models import LOGITS_GRAPH, FamilyModel, quiet, write_logits_graph
from gguf_maker import write_gguf
from graph_runner import GraphRunner
from safetensors.numpy import load_file

from export.checkpoints import open_checkpoint
from export.convert import convert_checkpoint
from export.families import read_denoiser
from export.reference import Pass
from runtime.errors import ModelFileError
from runtime.manifest import load_manifest, verify_files
from runtime.session import DenoiserSession

Models = Callable[[str], FamilyModel]
TOKENS = 40
IDS = np.random.default_rng(0).integers(0, 400, TOKENS).tolist()


@pytest.mark.parametrize(
    ("quantization", "correlation"), [("none", 1 - 1e-6), ("fp16", 0.9999), ("int8", 0.998), ("int4", 0.95)]
)
@pytest.mark.parametrize("name", ["dream", "coda", "llada"])
def test_quantised_logits_stay_close(
    family_model: Models, name: str, quantization: str, correlation: float
) -> None:
    model = family_model(name)
    (expected,) = model.reference.run(
        [Pass(ids=IDS, positions=range(TOKENS), visible=np.ones((TOKENS, TOKENS), bool))]
    )
    ours = GraphRunner(model.folder(quantization), LOGITS_GRAPH).run(IDS).logits
    exact = expected.logits[:, model.kept]
    assert np.corrcoef(ours.ravel(), exact.ravel())[0, 1] > correlation
    assert load_manifest(model.folder(quantization)).quantization == quantization


def test_sharded_weights_are_the_same_weights(family_model: Models, tmp_path: Path) -> None:
    model, limit = family_model("sdar"), 100_000
    out = tmp_path / "out"
    manifest = convert_checkpoint(
        model.checkpoint,
        out,
        name="tiny",
        quantization="none",
        vocabulary="full",
        shard_bytes=limit,
        progress=quiet,
    )
    shards = sorted(path.name for path in out.glob("model.onnx.data*"))
    assert shards[:2] == ["model.onnx.data", "model.onnx.data.2"]
    assert len(shards) > 3
    largest = 512 * 64 * 4  # the embedding, which is alone in its file
    assert all((out / name).stat().st_size <= max(limit, largest) for name in shards)
    assert set(shards) < set(manifest.files)
    verify_files(out, manifest, thorough=True)
    DenoiserSession(out, threads=1).forward(IDS[:8])
    write_logits_graph(out)
    one_file = GraphRunner(model.folder("none"), LOGITS_GRAPH).run(IDS).logits
    np.testing.assert_array_equal(GraphRunner(out, LOGITS_GRAPH).run(IDS).logits, one_file)


def test_buffers_and_a_repeated_head_are_harmless(tmp_path: Path) -> None:
    plain = make_checkpoint(tmp_path / "plain", "open-dcoder")
    embedding = load_file(plain / "model.safetensors")["model.embed_tokens.weight"]
    extra = {
        "lm_head.weight": embedding,
        "model.layers.0.self_attn.rotary_emb.inv_freq": np.ones(8, np.float32),
    }
    repeated = make_checkpoint(tmp_path / "repeated", "open-dcoder", extra=extra)
    folders = []
    for path in (plain, repeated):
        folders.append(path.parent / "out")
        checkpoint = open_checkpoint(path, progress=quiet)
        convert_checkpoint(checkpoint, folders[-1], name="tiny", quantization="none", progress=quiet)
    hashes = [load_manifest(folder).files["model.onnx.data"].sha256 for folder in folders]
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("name", ["qwen2", "dream", "llada"])
def test_a_gguf_file_becomes_the_same_model(family_model: Models, tmp_path: Path, name: str) -> None:
    """llama.cpp's files of these families, which interleave LLaDA's query and key rows."""
    model = family_model(name)
    file = write_gguf(model.checkpoint.path, tmp_path / f"{name}.gguf", name)
    out = tmp_path / "out"
    checkpoint = open_checkpoint(file, progress=quiet)
    found = convert_checkpoint(checkpoint, out, name="tiny", quantization="none", progress=quiet)
    ours = model.manifest
    assert (found.family, found.kind, found.shift) == (ours.family, ours.kind, ours.shift)
    assert found.tokens.mask == ours.tokens.mask
    assert "fim" in found.layouts
    for path in ("model.onnx", "model.onnx.data"):
        assert found.files[path].sha256 == ours.files[path].sha256


@pytest.mark.parametrize(("name", "field"), [("dream", "shift_logits"), ("llada", "is_causal")])
def test_a_gguf_file_that_contradicts_its_family(
    family_model: Models, tmp_path: Path, name: str, field: str
) -> None:
    def tune(writer: gguf.GGUFWriter) -> None:
        keys = {"shift_logits": "diffusion.shift_logits", "is_causal": f"{name}.attention.causal"}
        writer.kv_data[0].pop(keys[field], None)
        writer.add_bool(keys[field], field == "is_causal")

    file = write_gguf(family_model(name).checkpoint.path, tmp_path / "x.gguf", name, tune=tune)
    with pytest.raises(ModelFileError, match=field):
        read_denoiser(open_checkpoint(file, progress=quiet))


def test_the_licence_travels_with_the_weights(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(tmp_path, "dream")
    (checkpoint / "README.md").write_text("---\nlicense: mit\ntags: [code]\n---\nlicense: not this one\n")
    (checkpoint / "LICENSE").write_text("do as you like")
    opened = open_checkpoint(checkpoint, progress=quiet)
    found = convert_checkpoint(opened, tmp_path / "a", name="tiny", quantization="none", progress=quiet)
    assert found.licence == "MIT"
    assert (tmp_path / "a" / "LICENSE").read_text() == "do as you like"
    assert "licensed under MIT" in (tmp_path / "a" / "NOTICE").read_text()
    named = convert_checkpoint(
        opened, tmp_path / "b", name="tiny", quantization="none", licence="Apache-2.0", progress=quiet
    )
    assert named.licence == "Apache-2.0"


def test_an_unknown_licence_is_said_to_be_unknown(family_model: Models) -> None:
    model = family_model("dream")
    assert model.manifest.licence == "unknown"
    assert "don't name" in (model.folder("none") / "NOTICE").read_text()
    assert not (model.folder("none") / "LICENSE").exists()
