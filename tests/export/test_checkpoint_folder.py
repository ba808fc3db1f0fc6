"""Hugging Face folders of every layout give the values that were saved, as float32."""

import hashlib
import json
import logging
import shutil
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoint_files import bfloat16_bits, entry, safetensors_bytes, write_index
from checkpoint_maker import make_checkpoint
from safetensors.numpy import load_file, save_file

from export.checkpoints import Checkpoint, expect, open_checkpoint
from runtime.errors import ModelFileError, UsageError

# bfloat16 holds all of these exactly.
VALUES = np.array([[0.0, -0.0, 1.0, -1.5], [2.0**-120, 65280.0, -0.00390625, 7.0]], np.float32)


def quiet(_stage: str, _done: float) -> None:
    """No progress to show."""


def opened(path: Path | str) -> Checkpoint:
    return open_checkpoint(path, progress=quiet)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path, "dream")


def saved(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "model.safetensors")


def as_bin(folder: Path, *, legacy: bool = False, wrap: str = "", name: str = "pytorch_model.bin") -> None:
    """Turn the folder's weights into a PyTorch file."""
    state = OrderedDict((key, torch.from_numpy(array)) for key, array in saved(folder).items())
    content = {wrap: state, "epoch": 3} if wrap else state
    torch.save(content, folder / name, _use_new_zipfile_serialization=not legacy)
    (folder / "model.safetensors").unlink()


def check_same(folder: Path, expected: dict[str, np.ndarray]) -> Checkpoint:
    checkpoint = opened(folder)
    assert set(checkpoint.tensors.names()) == set(expected)
    for name, array in expected.items():
        found = checkpoint.tensors.tensor(name)
        assert found.dtype == np.float32
        assert found.flags.c_contiguous
        assert found.flags.owndata or found.base.flags.owndata
        assert checkpoint.tensors.shape(name) == array.shape
        np.testing.assert_array_equal(found, array, name)
    return checkpoint


def test_one_file(folder: Path) -> None:
    checkpoint = check_same(folder, saved(folder))
    assert checkpoint.path == folder
    assert checkpoint.config == json.loads((folder / "config.json").read_text())
    weights = (folder / "model.safetensors").read_bytes()
    assert checkpoint.source.repository == "Dream-Coder-v0-Instruct-7B"
    assert checkpoint.source.revision == ""
    assert checkpoint.source.file == "model.safetensors"
    assert checkpoint.source.sha256 == hashlib.sha256(weights).hexdigest()


def test_shards_with_an_index(tmp_path: Path) -> None:
    expected = saved(make_checkpoint(tmp_path / "whole", "llada"))
    folder = make_checkpoint(tmp_path / "parts", "llada", shards=3)
    source = check_same(folder, expected).source
    shards = sorted(folder.glob("*.safetensors"))
    assert len(shards) == 3
    assert source.file == "model.safetensors.index.json"
    assert source.sha256 == hashlib.sha256(b"".join(shard.read_bytes() for shard in shards)).hexdigest()


@pytest.mark.parametrize("dtype", ["F64", "F32", "F16", "BF16"])
def test_number_types_become_float32(tmp_path: Path, dtype: str) -> None:
    values = np.where(np.abs(VALUES) < 1e-30, 0, VALUES).astype(np.float32) if dtype == "F16" else VALUES
    values = np.minimum(values, 60000) if dtype == "F16" else values
    kinds = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
    raw = bfloat16_bits(values) if dtype == "BF16" else values.astype(kinds[dtype])
    folder = make_checkpoint(tmp_path, "dream")
    data = raw.tobytes()
    content = safetensors_bytes({"x": entry(dtype, [2, 4], 0, len(data))}, data)
    (folder / "model.safetensors").write_bytes(content)
    found = opened(folder).tensors.tensor("x")
    if dtype == "F16":
        np.testing.assert_array_equal(found, values.astype(np.float16).astype(np.float32))
    else:
        np.testing.assert_array_equal(found.view(np.uint32), values.view(np.uint32))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_number_types_of_pytorch_files_become_float32(folder: Path, dtype: torch.dtype, legacy: bool) -> None:
    values = torch.tensor([[1.5, -2.0], [0.25, 1024.0], [0.0, 3.0]], dtype=dtype)
    (folder / "model.safetensors").unlink()
    # Transposed and shared, as tied and reshaped parameters are saved.
    state = {"x": values, "turned": values.T, "part": values[1:]}
    torch.save(state, folder / "pytorch_model.bin", _use_new_zipfile_serialization=not legacy)
    tensors = opened(folder).tensors
    np.testing.assert_array_equal(tensors.tensor("x"), values.float().numpy())
    np.testing.assert_array_equal(tensors.tensor("turned"), values.float().numpy().T)
    np.testing.assert_array_equal(tensors.tensor("part"), values.float().numpy()[1:])
    assert tensors.tensor("turned").flags.c_contiguous


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pth"])
def test_a_pytorch_file_under_any_name(folder: Path, name: str) -> None:
    expected = saved(folder)
    as_bin(folder, name=name)
    (folder / "optimizer.pt").write_bytes(b"not weights")
    (folder / "training_args.bin").write_bytes(b"not weights")
    assert check_same(folder, expected).source.file == name


@pytest.mark.parametrize("wrap", ["state_dict", "model"])
def test_weights_beside_a_trainers_counters(folder: Path, wrap: str) -> None:
    expected = saved(folder)
    as_bin(folder, wrap=wrap)
    check_same(folder, expected)


def test_pytorch_shards_with_an_index(folder: Path) -> None:
    expected = saved(folder)
    (folder / "model.safetensors").unlink()
    names, weight_map = sorted(expected), {}
    for shard in range(2):
        file = f"pytorch_model-{shard + 1:05}-of-00002.bin"
        part = {name: torch.nn.Parameter(torch.from_numpy(expected[name])) for name in names[shard::2]}
        torch.save(part, folder / file)
        weight_map |= dict.fromkeys(part, file)
    index = {"metadata": {"total_size": 1}, "weight_map": weight_map}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    assert check_same(folder, expected).source.file == "pytorch_model.bin.index.json"


def test_safetensors_come_before_pytorch_files(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"never looked at")
    check_same(folder, saved(folder))


def test_reading_safetensors_needs_no_torch(folder: Path) -> None:
    script = f"""
import sys
sys.modules["torch"] = sys.modules["transformers"] = None
from export.checkpoints import open_checkpoint
c = open_checkpoint({str(folder)!r}, progress=lambda *_: None)
print(len(c.tensors.names()), c.tensors.tensor("model.norm.weight").shape)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == f"{len(saved(folder))} (64,)\n"


def test_pytorch_files_say_so_where_torch_is_missing(folder: Path) -> None:
    as_bin(folder)
    script = f"""
import sys
sys.modules["torch"] = None
from export.checkpoints import open_checkpoint
open_checkpoint({str(folder)!r}, progress=lambda *_: None)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("runtime.errors.RuntimeSetupError: pytorch_model.bin is a PyTorch file")
    assert "[export]" in last


def test_an_old_torch_is_not_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_bin(folder)
    monkeypatch.setattr(torch, "__version__", "2.5.1+cpu")
    with pytest.raises(Exception, match=r"torch 2\.5\.1\+cpu can't load pytorch_model\.bin safely"):
        opened(folder)


def test_special_settings_are_merged_as_plain_strings(folder: Path) -> None:
    def write(name: str, fields: object) -> None:
        (folder / name).write_text(json.dumps(fields))

    write("generation_config.json", {"mask_token_id": 7, "eos_token_id": [1, 2], "steps": 64})
    write(
        "special_tokens_map.json",
        {
            "mask_token": {"content": "<|mask|>", "lstrip": False},
            "eos_token": "<|im_end|>",
            "additional_special_tokens": ["<|im_start|>", {"content": "<|im_end|>"}],
        },
    )
    write(
        "tokenizer_config.json",
        {
            "eos_token": {"content": "<|endoftext|>", "special": True},
            "mask_token": None,
            "add_bos_token": False,
            "auto_map": {"AutoTokenizer": ["tokenization_dream.DreamTokenizer", None]},
            "tokenizer_class": "DreamTokenizer",
        },
    )
    assert opened(folder).special == {
        "mask_token_id": 7,
        "eos_token_id": [1, 2],
        "mask_token": "<|mask|>",
        "eos_token": "<|endoftext|>",
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "add_bos_token": False,
        "tokenizer_class": "DreamTokenizer",
    }


def test_a_wrong_total_size_is_only_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = make_checkpoint(tmp_path, "llada", shards=2)
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    write_index(folder, index["weight_map"], metadata={"total_size": 1 << 62})
    with caplog.at_level(logging.WARNING):
        assert opened(folder).tensors.names()
    assert "claims 4,611,686,018,427,387,904 bytes" in caplog.text


def test_the_hubs_cache_layout_is_read(folder: Path, tmp_path: Path) -> None:
    """Snapshots are links into blobs/, the one place outside the folder that may be read."""
    repository = tmp_path / "models--owner--name"
    snapshot, blobs = repository / "snapshots" / ("a" * 40), repository / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    expected = saved(folder)
    for number, file in enumerate(sorted(folder.iterdir())):
        shutil.copy(file, blobs / f"blob{number}")
        (snapshot / file.name).symlink_to(Path("../../blobs") / f"blob{number}")
    check_same(snapshot, expected)


def test_tensors_longer_than_a_piece(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = saved(folder)
    monkeypatch.setattr("export.checkpoints.safetensors.CHUNK_ELEMENTS", 100)
    monkeypatch.setattr("export.checkpoints.pickles.CHUNK_ELEMENTS", 100)
    check_same(folder, expected)
    as_bin(folder)
    check_same(folder, expected)


def test_expect_gives_the_tensor_or_says_what_does_not_fit(folder: Path) -> None:
    tensors = opened(folder).tensors
    np.testing.assert_array_equal(
        expect(tensors, "model.norm.weight", (64,)), tensors.tensor("model.norm.weight")
    )
    with pytest.raises(ModelFileError, match=r"'model\.norm\.weight' has the shape \[64\] .* for \[1, 64\]"):
        expect(tensors, "model.norm.weight", (1, 64))
    with pytest.raises(ModelFileError, match=r"no tensor 'model\.norm\.bias'"):
        expect(tensors, "model.norm.bias", (64,))


def test_progress_ends_at_one(folder: Path) -> None:
    seen: list[tuple[str, float]] = []
    open_checkpoint(folder, progress=lambda label, done: seen.append((label, done)))
    assert seen[-1] == ("Hashing the weights", 1.0)
    assert all(0 <= done <= 1 for _, done in seen)


@pytest.mark.parametrize(
    "where", ["no/such/folder", "nothing", "./owner/name", "model.gguf", "a/b.gguf", "x\0y"]
)
def test_what_is_neither_a_path_nor_a_name_is_refused(where: str) -> None:
    with pytest.raises(UsageError, match="There is no folder or file"):
        opened(where)


def test_a_revision_of_a_local_folder_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="has no revision"):
        open_checkpoint(folder, revision="main", progress=quiet)


def test_a_file_that_is_no_gguf_says_to_name_the_folder(folder: Path) -> None:
    with pytest.raises(UsageError, match="named by its folder"):
        opened(folder / "model.safetensors")


def test_saved_by_the_reference_library(folder: Path) -> None:
    """The metadata entry and the padding that the library writes are no tensors."""
    expected = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "scalar": np.array(3.5, np.float32)}
    save_file(expected, folder / "model.safetensors", metadata={"format": "pt", "note": "x" * 1001})
    check_same(folder, expected)
