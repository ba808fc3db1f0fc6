import json
import os
from pathlib import Path

import pytest
from model_folders import make_folder, make_manifest

from runtime.errors import ManifestError, ModelFileError
from runtime.manifest import (
    FILE_NAME,
    VERIFIED_NAME,
    GraphInfo,
    Piece,
    Tokens,
    load_manifest,
    save_manifest,
    verify_files,
)


def change(folder: Path, **values: object) -> None:
    path = folder / FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    manifest = make_manifest()
    save_manifest(manifest, tmp_path)
    assert load_manifest(tmp_path) == manifest


def test_pieces_are_written_without_their_empty_fields(tmp_path: Path) -> None:
    save_manifest(make_manifest(), tmp_path)
    pieces = json.loads((tmp_path / FILE_NAME).read_text())["layouts"]["fim"]
    assert pieces == [{"token": 3}, {"slot": "suffix"}, {"text": "\n"}]


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is not a model folder"):
        load_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "\xff\xfe", '"spanfill"', "[]", "{}"])
def test_what_is_not_a_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(text.encode("latin-1"))
    with pytest.raises(ManifestError):
        load_manifest(tmp_path)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_format_is_named(tmp_path: Path, version: object) -> None:
    change(make_folder(tmp_path / "m"), format=version)
    with pytest.raises(ManifestError, match="reads format 1"):
        load_manifest(tmp_path / "m")


@pytest.mark.parametrize(
    "values",
    [
        {"surprise": 1},
        {"context_length": "128"},
        {"context_length": 128.0},
        {"shift": 1},
        {"kind": "autoregressive"},
        {"quantization": "int2"},
        {"tokens": {"eos": [7], "mask": "9"}},
        {"files": {"model.onnx": {"bytes": 4}}},
        {"layouts": {"fim": [{"slot": "cursor"}]}},
    ],
)
def test_malformed_values_are_refused(tmp_path: Path, values: dict[str, object]) -> None:
    change(make_folder(tmp_path / "m"), **values)
    with pytest.raises(ManifestError, match="is malformed"):
        load_manifest(tmp_path / "m")


def test_a_missing_key_is_refused(tmp_path: Path) -> None:
    path = make_folder(tmp_path / "m") / FILE_NAME
    raw = json.loads(path.read_text())
    del raw["sampler"]
    path.write_text(json.dumps(raw))
    with pytest.raises(ManifestError, match="is malformed"):
        load_manifest(tmp_path / "m")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"attention": "bidirectional"}, "kind 'hybrid'"),
        ({"kind": "block_causal", "attention": "block_causal"}, "block_length"),
        ({"kind": "bidirectional", "attention": "bidirectional", "tokens": Tokens(eos=(1,))}, "tokens.mask"),
        ({"tokens": Tokens(eos=())}, "tokens.eos"),
        ({"layouts": {"fim": (Piece(token=1, text="x"),)}}, "exactly one"),
        ({"layouts": {"fim": (Piece(),)}}, "exactly one"),
        (
            {
                "graph": GraphInfo(
                    file="other.onnx", top_k=1, vocabulary="full", vocabulary_size=2, adapter=False
                )
            },
            "does not record",
        ),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, values: dict[str, object], reason: str) -> None:
    save_manifest(make_manifest(**values), tmp_path)
    with pytest.raises(ManifestError, match=reason):
        load_manifest(tmp_path)


@pytest.mark.parametrize("name", ["../model.onnx", "/etc/passwd", "sub/model.onnx"])
def test_files_can_not_leave_the_folder(tmp_path: Path, name: str) -> None:
    folder = make_folder(tmp_path / "m")
    record = {"bytes": 1, "sha256": "0" * 64}
    files = json.loads((folder / FILE_NAME).read_text())["files"]
    change(folder, files={**files, name: record})
    with pytest.raises(ManifestError, match="leaves the folder"):
        load_manifest(folder)


def test_whole_files_verify(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m")
    verify_files(folder, load_manifest(folder))
    verify_files(folder, load_manifest(folder), thorough=True)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m")
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelFileError, match=r"model\.onnx is missing.*models remove m"):
        verify_files(folder, load_manifest(folder))


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", b"onnx onnx")
    (folder / "model.onnx").write_bytes(b"onnx")
    with pytest.raises(ModelFileError, match="4 bytes where the manifest records 9"):
        verify_files(folder, load_manifest(folder))


def test_an_altered_file_is_named(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", b"onnx")
    (folder / "model.onnx").write_bytes(b"ONNX")
    with pytest.raises(ModelFileError, match="SHA-256"):
        verify_files(folder, load_manifest(folder))


def test_an_altered_file_is_found_after_a_successful_check(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m", b"onnx")
    verify_files(folder, load_manifest(folder))
    os.utime(folder / "model.onnx", ns=(1, 1))
    (folder / "model.onnx").write_bytes(b"ONNX")
    with pytest.raises(ModelFileError, match="SHA-256"):
        verify_files(folder, load_manifest(folder))


def test_only_a_thorough_check_reads_an_untouched_file_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder(tmp_path / "m", b"onnx")
    manifest = load_manifest(folder)
    verify_files(folder, manifest)
    read: list[Path] = []

    def reading(path: Path) -> str:
        read.append(path)
        return manifest.files[path.name].sha256

    monkeypatch.setattr("runtime.manifest.sha256_of", reading)
    verify_files(folder, manifest)
    assert read == []
    verify_files(folder, manifest, thorough=True)
    assert read == [folder / "model.onnx"]


def test_a_folder_that_can_not_be_stamped_still_verifies(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "m")
    (folder / VERIFIED_NAME).mkdir()
    verify_files(folder, load_manifest(folder))


def test_bytes_are_those_of_the_files(tmp_path: Path) -> None:
    assert load_manifest(make_folder(tmp_path / "m", b"12345")).bytes == 5
