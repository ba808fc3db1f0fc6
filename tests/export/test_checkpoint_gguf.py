"""GGUF files show the same tensors, configuration and tokenizer as the folder they were converted from."""

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest
from checkpoint_maker import make_checkpoint
from gguf_maker import permute, write_gguf
from numpy.typing import NDArray

from export.checkpoints import Checkpoint, open_checkpoint
from export.families.registry import read_denoiser
from export.gguf.checkpoint import GgufCheckpoint
from runtime.errors import ModelFileError

KIND = gguf.GGMLQuantizationType
FAMILIES = {"qwen2": "qwen2", "dream": "dream", "llada": "llada"}
TEXT = "def total(items):\n    return sum(items)  # 1234 it's\r\n\n\n\tprint('x')\n"


def quiet(_stage: str, _done: float) -> None:
    """No progress to show."""


def opened(path: Path) -> Checkpoint:
    return open_checkpoint(path, progress=quiet)


@pytest.fixture(scope="module", params=FAMILIES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A checkpoint's folder, and the GGUF file made from it."""
    parent = tmp_path_factory.mktemp(request.param)
    folder = make_checkpoint(parent, FAMILIES[request.param], tied=False)
    return folder, write_gguf(folder, parent / "model.gguf", request.param)


def test_tensors_are_those_of_the_folder(pair: tuple[Path, Path]) -> None:
    folder, file = opened(pair[0]).tensors, opened(pair[1]).tensors
    assert set(file.names()) == set(folder.names())
    for name in folder.names():
        assert file.shape(name) == folder.shape(name)
        np.testing.assert_array_equal(file.tensor(name), folder.tensor(name), name)


def test_configuration_is_that_of_the_folder(pair: tuple[Path, Path]) -> None:
    folder, file = opened(pair[0]).config, opened(pair[1]).config
    # The converter takes the beginning-of-text token from the tokenizer's settings, where Dream has another.
    shared = file.keys() & folder.keys() - {"bos_token_id"}
    assert {key: file[key] for key in shared} == {key: folder[key] for key in shared}
    added = file.keys() - folder.keys()
    assert all(key in ("is_causal", "shift_logits") or key.endswith("_token_id") for key in added)
    wanted = "d_model n_layers" if folder["model_type"] == "llada" else "hidden_size num_hidden_layers"
    assert {"model_type", "rope_theta", "rms_norm_eps", "vocab_size", *wanted.split()} <= file.keys()
    if folder["model_type"] == "Dream":
        assert (file["is_causal"], "shift_logits" in file) == (False, False)
        assert file["mask_token_id"] == folder["mask_token_id"]
    if folder["model_type"] == "llada":
        assert (file["is_causal"], file["shift_logits"]) == (False, False)
        assert file["mask_token_id"] == folder["mask_token_id"]


def test_special_tokens_are_texts_with_ids(pair: tuple[Path, Path]) -> None:
    folder, file = opened(pair[0]), opened(pair[1])
    assert file.special["eos_token"] == folder.tokenizer.id_to_token(folder.config["eos_token_id"])
    assert file.special["eos_token_id"] == folder.config["eos_token_id"]
    if folder.config["model_type"] == "llada":
        assert file.special["mask_token"] == "<|mdm_mask|>"
        assert file.special["add_bos_token"] is True
    if folder.config["model_type"] == "Dream":
        assert file.special["mask_token"] == "<|mask|>"


def test_tokenizer_knows_the_same_tokens(pair: tuple[Path, Path]) -> None:
    folder, file = opened(pair[0]).tokenizer, opened(pair[1]).tokenizer
    assert file.get_vocab(with_added_tokens=True) == folder.get_vocab(with_added_tokens=True)
    if "LLaDA" not in pair[0].name:  # the maker's tokenizer splits like Qwen2's
        assert file.encode(TEXT).ids == folder.encode(TEXT).ids
    assert file.decode(file.encode(TEXT).ids) == TEXT


def test_llada_splits_like_ling(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "llada")
    tokenizer = opened(write_gguf(folder, tmp_path / "model.gguf", "llada")).tokenizer
    words = [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str("It's x=12\n\n\n  y")]
    assert words == ["It", "'s", "Ġx", "=", "1", "2", "ĊĊĊ", "Ġ", "Ġy"]
    # Qwen2's composes characters first; llama.cpp composes for neither, and Ling's is read as it says.
    assert tokenizer.normalizer is None


def rotate(rows: NDArray[np.float64], *, neighbours: bool) -> NDArray[np.float64]:
    """Turn one head's vector at position 3: pairs are (i, i + size / 2), or neighbours."""
    half = len(rows) // 2
    angle = 3 * 500000.0 ** (-np.arange(half) / half)
    first, second = (rows[0::2], rows[1::2]) if neighbours else (rows[:half], rows[half:])
    turned = first * np.cos(angle) - second * np.sin(angle), second * np.cos(angle) + first * np.sin(angle)
    return np.stack(turned, 1).reshape(-1) if neighbours else np.concatenate(turned)


def test_the_makers_row_order_is_the_one_llama_cpp_turns_by_neighbours() -> None:
    """Scores in llama.cpp's order equal scores in Hugging Face's: the order put back is the right one."""
    generator = np.random.default_rng(1)
    query, key, x = (generator.standard_normal(shape) for shape in ((16, 8), (16, 8), (8,)))
    scores = rotate(query @ x, neighbours=False) @ (key @ x)
    interleaved = rotate(permute(query, 1) @ x, neighbours=True) @ (permute(key, 1) @ x)
    assert interleaved == pytest.approx(scores, rel=1e-12)


@pytest.mark.parametrize("kind", [KIND.F16, KIND.BF16, KIND.Q8_0, KIND.Q4_0, KIND.Q5_0])
def test_packed_matrices_are_unpacked_as_gguf_py_does(
    tmp_path: Path, kind: gguf.GGMLQuantizationType
) -> None:
    folder = make_checkpoint(tmp_path, "qwen2", tied=False)
    path = write_gguf(folder, tmp_path / "model.gguf", "qwen2", kind=kind)
    tensors = opened(path).tensors
    original = opened(folder).tensors.tensor("model.layers.1.mlp.up_proj.weight")
    expected = gguf.quants.dequantize(gguf.quants.quantize(original, kind), kind)
    np.testing.assert_array_equal(tensors.tensor("model.layers.1.mlp.up_proj.weight"), expected)
    assert tensors.tensor("model.norm.weight").dtype == np.float32


def test_the_default_models_reader_gives_the_same_weights(pair: tuple[Path, Path]) -> None:
    tensors, weights = opened(pair[0]).tensors, GgufCheckpoint(pair[1])
    llada = "LLaDA" in pair[0].name
    names = (
        ["model.transformer.blocks.1." + part for part in ("q_proj", "k_proj", "v_proj")]
        if llada
        else ["model.layers.1.self_attn." + part for part in ("q_proj", "k_proj", "v_proj")]
    )
    stacked = np.concatenate([tensors.tensor(f"{name}.weight") for name in names])
    np.testing.assert_array_equal(weights.layer(1).qkv, stacked.T)
    head, embedding = ("ff_out", "wte") if llada else ("lm_head", "embed_tokens")
    by_part = {name.split(".")[-2]: name for name in tensors.names() if ".blocks." not in name}
    np.testing.assert_array_equal(weights.head(), tensors.tensor(by_part[head]))
    np.testing.assert_array_equal(weights.embedding(), tensors.tensor(by_part[embedding]))
    assert (weights.layer(0).qkv_bias is None) == llada


@pytest.mark.parametrize(
    ("family", "architecture"), [("dream", "dream"), ("dreamon", "dream"), ("llada", "llada")]
)
def test_families_make_the_same_denoiser_of_either(tmp_path: Path, family: str, architecture: str) -> None:
    folder = make_checkpoint(tmp_path, family)
    path = write_gguf(folder, tmp_path / f"{folder.name}-F32.gguf", architecture)
    ours, theirs = read_denoiser(opened(path)), read_denoiser(opened(folder))
    assert (ours.kind, ours.shift, ours.tokens) == (theirs.kind, theirs.shift, theirs.tokens)
    assert ours.layouts == theirs.layouts
    assert ours.weights.config == theirs.weights.config
    np.testing.assert_array_equal(ours.weights.layer(1).qkv, theirs.weights.layer(1).qkv)
    np.testing.assert_array_equal(ours.weights.layer(1).gate_up, theirs.weights.layer(1).gate_up)


def test_a_tied_embedding_stored_twice_is_given_once_in_the_finer_copy(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "qwen2", tied=True)
    embedding = opened(folder).tensors.tensor("model.embed_tokens.weight")
    path = write_gguf(
        folder,
        tmp_path / "model.gguf",
        "qwen2",
        extra={"output.weight": embedding},
        kind_of={"token_embd.weight": KIND.Q4_0, "output.weight": KIND.Q8_0},
    )
    checkpoint = opened(path)
    assert checkpoint.config["tie_word_embeddings"] is True
    assert "lm_head.weight" not in checkpoint.tensors.names()
    finer = gguf.quants.dequantize(gguf.quants.quantize(embedding, KIND.Q8_0), KIND.Q8_0)
    np.testing.assert_array_equal(checkpoint.tensors.tensor("model.embed_tokens.weight"), finer)


@pytest.mark.parametrize("kind", [KIND.F32, KIND.Q4_0])
def test_a_head_of_its_own_is_not_taken_for_the_embedding(
    tmp_path: Path, kind: gguf.GGMLQuantizationType
) -> None:
    folder = make_checkpoint(tmp_path, "qwen2", tied=False)
    checkpoint = opened(write_gguf(folder, tmp_path / "model.gguf", "qwen2", kind=kind))
    assert checkpoint.config["tie_word_embeddings"] is False
    assert "lm_head.weight" in checkpoint.tensors.names()


def test_a_head_barely_trained_away_from_the_embedding_is_its_own(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "qwen2", tied=True)
    embedding = opened(folder).tensors.tensor("model.embed_tokens.weight")
    head = (embedding * np.float32(1.001)).astype(np.float32)
    path = write_gguf(folder, tmp_path / "model.gguf", "qwen2", extra={"output.weight": head})
    tensors = opened(path).tensors
    np.testing.assert_array_equal(tensors.tensor("lm_head.weight"), head)
    np.testing.assert_array_equal(tensors.tensor("model.embed_tokens.weight"), embedding)


def test_yarn_is_read_as_rope_scaling(tmp_path: Path) -> None:
    def yarn(writer: gguf.GGUFWriter) -> None:
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(4.0)
        writer.add_rope_scaling_orig_ctx_len(128)

    folder = make_checkpoint(tmp_path, "dream")
    config = opened(write_gguf(folder, tmp_path / "model.gguf", "dream", tune=yarn)).config
    assert config["rope_scaling"] == {
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 128,
    }


def test_a_layer_of_a_thousand_rows_is_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.gguf.file.CHUNK_ELEMENTS", 200)
    folder = make_checkpoint(tmp_path, "qwen2")
    tensors = opened(write_gguf(folder, tmp_path / "model.gguf", "qwen2", kind=KIND.Q8_0)).tensors
    original = opened(folder).tensors.tensor("model.embed_tokens.weight")
    np.testing.assert_allclose(tensors.tensor("model.embed_tokens.weight"), original, atol=0.05)


def metadata(key: str, value: int, kind: gguf.GGUFValueType) -> Callable[[gguf.GGUFWriter], None]:
    def tune(writer: gguf.GGUFWriter) -> None:
        writer.kv_data[0].pop(key, None)
        writer.add_key_value(key, value, kind)

    return tune


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("qwen2.block_count", 3, "has 3 layers, but holds tensors of 2"),
        ("qwen2.block_count", 1 << 30, "layers, but holds tensors of 2"),
        ("qwen2.attention.head_count", 0, "'qwen2.attention.head_count' as 0"),
        ("qwen2.attention.head_count", 5, "a width of 64 for 5 heads"),
        ("qwen2.rope.dimension_count", 4, "turns 4 of a head's 16 numbers"),
        ("tokenizer.ggml.eos_token_id", 512, "but has 512 tokens"),
    ],
)
def test_metadata_that_no_model_can_have_is_refused(
    tmp_path: Path, key: str, value: int, message: str
) -> None:
    folder = make_checkpoint(tmp_path, "qwen2")
    tune = metadata(key, value, gguf.GGUFValueType.UINT32)
    path = write_gguf(folder, tmp_path / "model.gguf", "qwen2", tune=tune)
    with pytest.raises(ModelFileError, match=message):
        opened(path)


def test_a_tensor_without_a_place_is_refused(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "llada")
    extra = {"blk.0.attn_output.bias": np.ones(64, np.float32)}
    path = write_gguf(folder, tmp_path / "model.gguf", "llada", extra=extra)
    with pytest.raises(ModelFileError, match=r"'blk\.0\.attn_output\.bias', which the architecture llada"):
        opened(path)


def test_another_architecture_says_which_are_supported(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "model.gguf", "gemma3")
    writer.add_tensor("token_embd.weight", np.ones((4, 4), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ModelFileError, match="'gemma3'; supported: qwen2, dream, llada"):
        opened(tmp_path / "model.gguf")


def test_another_tokenizer_says_which_are_supported(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path, "qwen2")
    tune = metadata("tokenizer.ggml.pre", "gpt-4o", gguf.GGUFValueType.STRING)  # type: ignore[arg-type]
    path = write_gguf(folder, tmp_path / "model.gguf", "qwen2", tune=tune)
    with pytest.raises(ModelFileError, match=r"gpt2/gpt-4o tokenizer.*like qwen2, bailingmoe"):
        opened(path)


def test_nan_is_refused_by_name(tmp_path: Path) -> None:
    broken = np.ones((64, 96), np.float32)
    broken[5, 7] = np.nan
    folder = make_checkpoint(tmp_path, "qwen2", extra={"model.layers.1.mlp.down_proj.weight": broken})
    tensors = opened(write_gguf(folder, tmp_path / "model.gguf", "qwen2")).tensors
    with pytest.raises(ModelFileError, match=r"'blk\.1\.ffn_down\.weight'.*not finite"):
        tensors.tensor("model.layers.1.mlp.down_proj.weight")
    with pytest.raises(ModelFileError, match=r"no tensor 'model\.layers\.9"):
        tensors.shape("model.layers.9.mlp.down_proj.weight")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    parent = tmp_path_factory.mktemp("whole")
    return write_gguf(make_checkpoint(parent, "qwen2"), parent / "model.gguf", "qwen2").read_bytes()


@pytest.mark.parametrize("kept", [0, 3, 4, 20, 200, 5000, -1])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, whole: bytes, kept: int) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(whole[:kept])
    with pytest.raises(ModelFileError, match="not a whole GGUF file"):
        opened(path)


def test_absurd_counts_end_at_once(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "model.gguf"
    for at in (8, 16):  # tensors, metadata keys
        path.write_bytes(whole[:at] + struct.pack("<Q", 1 << 60) + whole[at + 8 :])
        with pytest.raises(ModelFileError, match="not a whole GGUF file"):
            opened(path)
    # An array of numbers that claims 2**60 of them.
    key = b"tokenizer.ggml.token_type"
    at = whole.index(key) + len(key) + 8
    path.write_bytes(whole[:at] + struct.pack("<Q", 1 << 60) + whole[at + 8 :])
    with pytest.raises(ModelFileError, match="ends before its header does"):
        opened(path)


def test_versions_not_known_are_named(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(whole[:4] + struct.pack("<I", 99) + whole[8:])
    with pytest.raises(ModelFileError, match="of version 99"):
        opened(path)


def test_source_is_the_file(pair: tuple[Path, Path]) -> None:
    source = opened(pair[1]).source
    assert (source.repository, source.revision, source.file) == ("model", "", "model.gguf")
    assert source.sha256 == hashlib.sha256(pair[1].read_bytes()).hexdigest()
