"""Whatever bytes a checkpoint's files have, reading it ends in values or in one of spanfill's errors."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from checkpoint_maker import make_checkpoint
from gguf_maker import write_gguf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from test_checkpoint_tokenizer import as_vocabulary_and_merges

from export.checkpoints import open_checkpoint
from runtime.errors import ModelError, UsageError

CASES = 120
"""For each kind of checkpoint."""

Edit = tuple[float, bytes, int | None]
"""Where, as a part of the file; what is put there; how many bytes it replaces, None for as many."""

HEADER_BYTES = 4000
"""Half of the edits fall here: a header's bytes matter more than a weight's."""

RUINOUS = [b"\xff" * 8, b"\0" * 8, b"]", b"}", b'"', b"-1", b"9" * 30, b"null", b"[[[["]

edits = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=2) | st.integers(48, 57).map(lambda digit: bytes([digit])),
        st.none(),
    )
    | st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from(RUINOUS), st.none() | st.integers(0, 8)),
    min_size=1,
    max_size=3,
)
truncations = st.sampled_from([None] * 7) | st.floats(0, 1)


def small(parent: Path, shards: int) -> Path:
    return make_checkpoint(parent, "dream", shards=shards, layers=1, hidden_size=16, intermediate_size=16)


def safetensors_folder(parent: Path) -> Path:
    return small(parent, 2)


def bin_folder(parent: Path) -> Path:
    folder = small(parent, 1)
    as_vocabulary_and_merges(folder)
    arrays = load_file(folder / "model.safetensors")
    torch.save(
        {name: torch.from_numpy(array) for name, array in arrays.items()}, folder / "pytorch_model.bin"
    )
    (folder / "model.safetensors").unlink()
    return folder


def legacy_folder(parent: Path) -> Path:
    folder = bin_folder(parent)
    state = torch.load(folder / "pytorch_model.bin", weights_only=True)
    torch.save(state, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    return folder


def gguf_file(parent: Path) -> Path:
    folder = parent / "gguf"
    folder.mkdir()
    return write_gguf(small(parent / "made", 1), folder / "model.gguf", "dream").parent


def read_everything(where: Path) -> None:
    checkpoint = open_checkpoint(where, progress=lambda *_: None)
    for name in checkpoint.tensors.names():
        assert checkpoint.tensors.tensor(name).shape == checkpoint.tensors.shape(name)
    checkpoint.tokenizer.decode(checkpoint.tokenizer.encode("def f(x): return x").ids)


def changed(content: bytes, places: list[Edit], *, header: bool) -> bytes:
    raw = bytearray(content)
    for part, new, replaced in places:
        span = min(len(raw), HEADER_BYTES) if header else len(raw)
        at = int(part * span)
        raw[at : at + (len(new) if replaced is None else replaced)] = new
    return bytes(raw)


@pytest.mark.parametrize("make", [safetensors_folder, bin_folder, legacy_folder, gguf_file])
def test_damaged_bytes_end_in_an_error_of_ours(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    whole = make(tmp_path)
    files = sorted(path.name for path in whole.iterdir())
    contents = {name: (whole / name).read_bytes() for name in files}
    where = whole / "model.gguf" if make is gguf_file else whole
    read_everything(where)
    outcomes = {"read": 0, "refused": 0}

    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.sampled_from(files), edits, st.booleans(), truncations)
    def check(name: str, places: list[Edit], header: bool, kept: float | None) -> None:
        content = changed(contents[name], places, header=header)
        (whole / name).write_bytes(content if kept is None else content[: int(kept * len(content))])
        try:
            read_everything(where)
            outcomes["read"] += 1
        except (ModelError, UsageError) as error:
            assert str(error)
            outcomes["refused"] += 1
        finally:
            (whole / name).write_bytes(contents[name])

    check()
    # Both must happen, or the edits test nothing.
    assert min(outcomes.values()) > CASES // 20, outcomes
    read_everything(where)
    shutil.rmtree(whole)
