"""Damaged and dishonest checkpoints are refused with one sentence, and nothing of them runs."""

import io
import json
import os
import pickle
import socket
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from checkpoint_files import entry, safetensors_bytes, write_index
from checkpoint_maker import make_checkpoint
from safetensors.numpy import load_file, save_file

from export.checkpoints import Checkpoint, open_checkpoint
from runtime.errors import ModelFileError

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


def quiet(_stage: str, _done: float) -> None:
    """No progress to show."""


def opened(path: Path) -> Checkpoint:
    return open_checkpoint(path, progress=quiet)


def refused(path: Path, match: str) -> str:
    with pytest.raises(ModelFileError, match=match) as caught:
        opened(path)
    return one_sentence(caught.value)


def one_sentence(error: BaseException) -> str:
    text = str(error)
    assert "\n" not in text
    assert text.endswith((".", '"'))
    return text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path, "qwen2")


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    return make_checkpoint(tmp_path, "qwen2", shards=2)


def weight_map(folder: Path) -> dict[str, str]:
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    result: dict[str, str] = index["weight_map"]
    return result


# The index and the shards


def test_a_missing_shard_is_named(sharded: Path) -> None:
    (sharded / SECOND).unlink()
    refused(sharded, f"lacks the file {SECOND}, which model.safetensors.index.json names")


def test_a_tensor_that_the_shard_lacks_is_named(sharded: Path) -> None:
    write_index(sharded, {**weight_map(sharded), "model.layers.7.mlp.up_proj.weight": FIRST})
    refused(sharded, rf"says that {FIRST} holds the tensor 'model\.layers\.7\.mlp\.up_proj\.weight'")


def test_a_tensor_that_the_index_does_not_list_is_named(sharded: Path) -> None:
    listed = weight_map(sharded)
    del listed["model.norm.weight"]
    write_index(sharded, listed)
    refused(sharded, r"holds the tensor 'model\.norm\.weight', which .*index\.json does not place there")


def test_a_tensor_placed_in_the_other_shard_is_named(sharded: Path) -> None:
    listed = weight_map(sharded)
    listed["model.norm.weight"] = FIRST if listed["model.norm.weight"] == SECOND else SECOND
    write_index(sharded, listed)
    refused(sharded, r"'model\.norm\.weight'")


def test_a_tensor_in_two_shards_is_named(sharded: Path) -> None:
    both = load_file(sharded / SECOND) | {"model.norm.weight": np.ones(64, np.float32)}
    both |= {"model.embed_tokens.weight": np.ones((512, 64), np.float32)}
    save_file(both, sharded / SECOND)
    refused(sharded, r"Both .* hold the tensor 'model\.(norm|embed_tokens)\.weight'")


def test_an_index_that_lists_a_tensor_twice_is_refused(sharded: Path) -> None:
    listed = json.dumps(weight_map(sharded))
    write_index(sharded, f'{{"weight_map": {listed[:-1]}, "model.norm.weight": "{FIRST}"}}}}')
    refused(sharded, r"names 'model\.norm\.weight' twice")


@pytest.mark.parametrize("body", ["", "[]", "{", "null", '{"weight_map": []}', '{"weight_map": {}}', "{}"])
def test_an_index_that_is_none_is_refused(sharded: Path, body: str) -> None:
    write_index(sharded, body)
    refused(sharded, r"index\.json")


def test_shards_without_an_index_are_refused(sharded: Path) -> None:
    (sharded / "model.safetensors.index.json").unlink()
    refused(sharded, r"2 weights files .* model\.safetensors\.index\.json is missing")


def test_a_folder_without_weights_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    refused(folder, r"holds no weights: no model\.safetensors or pytorch_model\.bin")


# Names that leave the folder


@pytest.mark.parametrize(
    "name",
    [
        "../outside.safetensors",
        "sub/../../outside.safetensors",
        "sub/inside.safetensors",
        "/etc/outside.safetensors",
        "..\\outside.safetensors",
        "C:\\outside.safetensors",
        "C:outside.safetensors",
        "\\\\server\\share\\outside.safetensors",
        "stream.safetensors:hidden.safetensors",
        "nul\x00.safetensors",
        "lone\ud800.safetensors",
        "x" * 300 + ".safetensors",
        "./model.safetensors",
    ],
)
def test_file_names_that_leave_the_folder_are_refused(sharded: Path, name: str) -> None:
    outside = sharded.parent / "outside.safetensors"
    save_file({"secret": np.ones(3, np.float32)}, outside)
    (sharded / "sub").mkdir()
    save_file({"secret": np.ones(3, np.float32)}, sharded / "sub" / "inside.safetensors")
    write_index(sharded, {**weight_map(sharded), "secret": name})
    refused(sharded, "not a plain file name")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "/dev/zero", "..", "", 7, None, ["a"]])
def test_what_is_no_weights_file_is_refused(sharded: Path, name: Any) -> None:
    write_index(sharded, {**weight_map(sharded), "secret": name})
    refused(sharded, "which is not a weights file")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_links_out_of_the_folder_are_refused(folder: Path, name: str) -> None:
    outside = folder.parent / "outside"
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    refused(folder, "a link that leaves the checkpoint's folder")


def test_links_within_the_folder_are_followed(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    (folder / "model.safetensors").symlink_to("other.safetensors")
    assert opened(folder).tensors.names()


def test_a_link_beside_a_folder_called_snapshots_leads_nowhere_else(folder: Path) -> None:
    snapshot = folder.parent / "snapshots" / "x"
    snapshot.parent.mkdir()
    folder.rename(snapshot)
    secret = snapshot.parent.parent / "secret"
    (snapshot / "model.safetensors").rename(secret)
    (snapshot / "model.safetensors").symlink_to(secret)
    refused(snapshot, "a link that leaves the checkpoint's folder")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_place_of_a_file_is_not_opened(folder: Path) -> None:
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")
    refused(folder, r"it has no config\.json")


# safetensors files


HEADERS: dict[str, tuple[Any, bytes, str]] = {
    "overlap": (
        {"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 4, 12)},
        bytes(12),
        "'b' overlaps another one",
    ),
    "gap": ({"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 8, 12)}, bytes(12), "leaves a gap"),
    "beyond the end": ({"a": entry("F32", [4], 0, 16)}, bytes(8), "describes .* bytes, but it has"),
    "before the start": ({"a": entry("F32", [1], -4, 0)}, bytes(4), "'a' is said to have"),
    "trailing bytes": ({"a": entry("F32", [1], 0, 4)}, bytes(8), "describes .* bytes, but it has"),
    "shape and size": ({"a": entry("F32", [3], 0, 8)}, bytes(8), r"shape \[3\] of F32 in 8 bytes"),
    "negative side": ({"a": entry("F32", [-1, -2], 0, 8)}, bytes(8), r"shape of 'a' is \[-1, -2\]"),
    "huge side": ({"a": entry("F32", [1 << 62, 1 << 62], 0, 8)}, bytes(8), "shape of 'a'"),
    "empty": ({"a": entry("F32", [0], 0, 0)}, b"", "shape of 'a'"),
    "true as a side": ({"a": entry("F32", [True], 0, 4)}, bytes(4), "shape of 'a'"),
    "many sides": ({"a": entry("F32", [1] * 40, 0, 4)}, bytes(4), "shape of 'a'"),
    "no offsets": ({"a": {"dtype": "F32", "shape": [1]}}, bytes(4), "no dtype, shape and data_offsets"),
    "offsets of text": (
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": ["0", "4"]}},
        bytes(4),
        "no dtype",
    ),
    "an unknown type": ({"a": entry("F128", [1], 0, 16)}, bytes(16), "holds F128 numbers"),
    "a list": ("[]", b"", "JSON array"),
    "no JSON": ("{" * 40, b"", "not JSON"),
    "deep": ('{"a":' * 100_000, b"", "nested too deeply"),
    "a name twice": (
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        bytes(4),
        "names 'a' twice",
    ),
}


@pytest.mark.parametrize("case", HEADERS, ids=HEADERS.keys())
def test_headers_that_lie_are_refused(folder: Path, case: str) -> None:
    header, data, match = HEADERS[case]
    (folder / "model.safetensors").write_bytes(safetensors_bytes(header, data))
    refused(folder, match)


def test_a_header_that_is_not_utf_8_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 4) + b"{\xff\xfe}")
    refused(folder, "header is not UTF-8")


@pytest.mark.parametrize("kept", [0, 5, 8, 100, -1])
def test_a_truncated_file_is_refused(folder: Path, kept: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    refused(folder, "not a whole safetensors file")


def test_a_header_of_any_claimed_length_is_not_allocated(folder: Path) -> None:
    for length in ((1 << 64) - 1, 1 << 40, 101_000_000):
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", length) + b"{}")
        refused(folder, "ends before its header does")


def test_a_file_that_shrinks_after_it_was_opened_is_noticed(folder: Path) -> None:
    tensors = opened(folder).tensors
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(3000)
    with pytest.raises(ModelFileError, match="has become shorter"):
        tensors.tensor("model.norm.weight")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("torch_file", [False, True])
def test_values_that_are_not_finite_are_refused_by_name(folder: Path, bad: float, torch_file: bool) -> None:
    arrays = load_file(folder / "model.safetensors")
    arrays["model.norm.weight"][-1] = bad
    if torch_file:
        (folder / "model.safetensors").unlink()
        state = {name: torch.from_numpy(array) for name, array in arrays.items()}
        torch.save(state, folder / "pytorch_model.bin")
    else:
        save_file(arrays, folder / "model.safetensors")
    tensors = opened(folder).tensors
    assert tensors.tensor("model.embed_tokens.weight").shape == (512, 64)
    with pytest.raises(ModelFileError, match=r"'model\.norm\.weight' .* not finite numbers") as caught:
        tensors.tensor("model.norm.weight")
    one_sentence(caught.value)


def test_a_float64_too_large_for_float32_is_refused(folder: Path) -> None:
    save_file({"x": np.array([1.0, 1e300])}, folder / "model.safetensors")
    with pytest.raises(ModelFileError, match="not finite"):
        opened(folder).tensors.tensor("x")


def test_integers_are_no_weights(folder: Path) -> None:
    save_file({"x": np.arange(4), "y": np.ones(2, np.float32)}, folder / "model.safetensors")
    tensors = opened(folder).tensors
    assert tensors.shape("x") == (4,)
    with pytest.raises(ModelFileError, match=r"'x' .* holds I64 numbers"):
        tensors.tensor("x")


# Pickles


class Runs:
    """Pickles to a call of `function`."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


def in_zip(payload: bytes) -> bytes:
    """A file as torch.save makes it, with `payload` in place of the pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", payload)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


@pytest.mark.parametrize("packed", [in_zip, bytes], ids=["zip", "bare"])
@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth"])
def test_a_pickle_that_wants_to_run_code_runs_nothing(
    folder: Path, tmp_path: Path, name: str, packed: Callable[[bytes], bytes]
) -> None:
    witness = tmp_path / "witness"
    payload = pickle.dumps({"weight": Runs(os.system, f"touch {witness}")}, protocol=2)
    pickle.loads(payload)
    assert witness.exists(), "the attack itself works"
    witness.unlink()
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(packed(payload))
    refused(folder, rf"asks to run {os.system.__module__}\.system")
    assert not witness.exists()


@pytest.mark.parametrize(
    "attack",
    [
        Runs(exec, "raise SystemExit"),
        Runs(eval, "1"),
        Runs(getattr, "", "upper"),
        Runs(socket.create_connection, ("127.0.0.1", 9)),
        Runs(Path, "/tmp"),
        Runs(np.zeros, 3),
    ],
    ids=["exec", "eval", "getattr", "socket", "path", "numpy"],
)
def test_no_callable_is_called(folder: Path, attack: Runs) -> None:
    (folder / "model.safetensors").unlink()
    payload = pickle.dumps({"x": attack}, protocol=2)
    (folder / "pytorch_model.bin").write_bytes(in_zip(payload))
    refused(folder, r"pytorch_model\.bin is refused: it asks to run [a-z]")


def test_a_tensor_larger_than_its_file_is_refused(folder: Path) -> None:
    """Strides of 0 let a few bytes claim terabytes."""
    (folder / "model.safetensors").unlink()
    bomb = torch.ones(1).as_strided((1 << 20, 1 << 20), (0, 0))
    torch.save({"x": bomb}, folder / "pytorch_model.bin")
    assert (folder / "pytorch_model.bin").stat().st_size < 10_000
    refused(folder, "'x' .* claims more numbers than the file")


@pytest.mark.parametrize(
    "content",
    [
        torch.ones(3),
        {"epoch": 3},
        ["x", torch.ones(3)],
        {},
        {"x": torch.ones(3).to_sparse()},
        {"x": torch.ones(0)},
        {3: torch.ones(3)},
    ],
    ids=["tensor", "numbers", "list", "empty", "sparse", "empty tensor", "unnamed"],
)
def test_pytorch_files_without_named_weights_are_refused(folder: Path, content: Any) -> None:
    (folder / "model.safetensors").unlink()
    torch.save(content, folder / "pytorch_model.bin")
    refused(folder, r"pytorch_model\.bin")


@pytest.mark.parametrize("kept", [0, 1, 4, 1000, -1, -200])
@pytest.mark.parametrize("legacy", [False, True])
def test_a_truncated_pytorch_file_is_refused(folder: Path, kept: int, legacy: bool) -> None:
    state = {"x": torch.ones(400), "y": torch.ones(400)}
    path = folder / "pytorch_model.bin"
    (folder / "model.safetensors").unlink()
    torch.save(state, path, _use_new_zipfile_serialization=not legacy)
    path.write_bytes(path.read_bytes()[:kept])
    refused(folder, r"pytorch_model\.bin is not a whole PyTorch weights file")


# Settings


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"[1]", "JSON array where an object"),
        (b'"x"', "JSON string where an object"),
        (b"null", "JSON null where an object"),
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b'{"a": 1,}', "is not JSON"),
        (b'{"a": "\xff"}', "is not UTF-8"),
        ("{}".encode("utf-16"), "is not UTF-8"),
        (b'{"a":' * 50_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b'{"a": "' + b"x" * (5 << 20) + b'"}', "more than 4,194,304 bytes"),
    ],
)
def test_a_config_that_is_none_is_refused(folder: Path, content: bytes, match: str) -> None:
    (folder / "config.json").write_bytes(content)
    assert "config.json" in refused(folder, match)


def test_a_folder_without_a_config_is_refused(folder: Path) -> None:
    (folder / "config.json").unlink()
    refused(folder, r"is not a checkpoint's folder: it has no config\.json")


@pytest.mark.parametrize(
    ("file", "fields", "match"),
    [
        ("tokenizer_config.json", {"mask_token": 7}, "`mask_token` as 7, which is not a token"),
        ("tokenizer_config.json", {"mask_token": {"text": "x"}}, "`mask_token`"),
        ("special_tokens_map.json", {"additional_special_tokens": "x"}, "`additional_special_tokens`"),
        ("special_tokens_map.json", {"additional_special_tokens": [1]}, "`additional_special_tokens`"),
        ("generation_config.json", [], "JSON array"),
    ],
)
def test_settings_of_another_kind_are_refused(folder: Path, file: str, fields: Any, match: str) -> None:
    (folder / file).write_text(json.dumps(fields))
    refused(folder, match)


def test_a_folder_that_is_gone_after_opening(folder: Path) -> None:
    tensors = opened(folder).tensors
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelFileError, match="can't be read"):
        tensors.tensor("model.norm.weight")


def test_a_folder_of_gguf_files_says_to_name_one(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-q8.gguf")
    refused(folder, r"holds GGUF files \(model-q8\.gguf\): name one of them")
