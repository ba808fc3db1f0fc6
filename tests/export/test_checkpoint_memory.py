"""Reading a whole checkpoint, tensor by tensor, takes little more memory than its largest tensor."""

import json
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from checkpoint_files import entry, safetensors_bytes, write_index
from checkpoint_maker import make_checkpoint
from gguf_maker import write_gguf

SHARDS = 3
TENSORS = 4
ROWS, COLUMNS = 4096, 1024
TENSOR_BYTES = 2 * ROWS * COLUMNS
SHARD_BYTES = TENSORS * TENSOR_BYTES
"""bfloat16; 32 MB, large against what an idle interpreter's memory varies by."""

SCRIPT = """
import json, sys
import gguf
from export.checkpoints import open_checkpoint

def memory(line):
    # Not getrusage: its peak is inherited from the process that started this one.
    with open("/proc/self/status") as status:
        return next(int(text.split()[1]) << 10 for text in status if text.startswith(line))

checkpoint = open_checkpoint(sys.argv[1], progress=lambda *_: None)
before = memory("VmRSS")
total = 0
for name in checkpoint.tensors.names():
    total += checkpoint.tensors.tensor(name).nbytes
print(json.dumps([total, memory("VmHWM") - before]))
"""


def read_all(path: Path) -> tuple[int, int]:
    """Bytes of float32 read, and the most memory held above what the process had before."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=True
    )
    total, growth = json.loads(done.stdout)
    return total, growth


def small_folder(parent: Path) -> Path:
    folder = make_checkpoint(parent, "dream")
    (folder / "model.safetensors").unlink()
    return folder


def names(shard: int) -> list[str]:
    return [f"model.layers.{shard}.{index}.weight" for index in range(TENSORS)]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from Linux")
@pytest.mark.parametrize("kind", ["safetensors", "bin"])
def test_shards_are_streamed(tmp_path: Path, kind: str) -> None:
    folder = small_folder(tmp_path)
    weight_map = {}
    for shard in range(SHARDS):
        file = f"part-{shard}.{kind}"
        weight_map |= dict.fromkeys(names(shard), file)
        if kind == "bin":
            state = {name: torch.full((ROWS, COLUMNS), 0.5, dtype=torch.bfloat16) for name in names(shard)}
            torch.save(state, folder / file)
            continue
        header = {
            name: entry("BF16", [ROWS, COLUMNS], index * TENSOR_BYTES, (index + 1) * TENSOR_BYTES)
            for index, name in enumerate(names(shard))
        }
        data = np.full(SHARD_BYTES // 2, 0x3F00, np.uint16).tobytes()
        (folder / file).write_bytes(safetensors_bytes(header, data))
    index = write_index(folder, weight_map, metadata={"total_size": SHARDS * SHARD_BYTES})
    if kind == "bin":
        index.rename(folder / "pytorch_model.bin.index.json")
    total, growth = read_all(folder)
    assert total == SHARDS * TENSORS * ROWS * COLUMNS * 4
    assert growth <= 1.5 * SHARD_BYTES
    # Far below it: one tensor as float32, what of it is mapped, and a piece being converted.
    assert growth <= 3 * TENSOR_BYTES + (8 << 20)


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from Linux")
def test_a_gguf_file_is_streamed(tmp_path: Path) -> None:
    wide = {
        f"model.layers.{layer}.mlp.{part}_proj.weight": np.ones(shape, np.float32)
        for layer in range(4)
        for part, shape in (("up", (ROWS, 64)), ("gate", (ROWS, 64)), ("down", (64, ROWS)))
    }
    embedding = {"model.embed_tokens.weight": np.ones((ROWS * 16, 64), np.float32)}
    folder = make_checkpoint(
        tmp_path, "qwen2", layers=4, extra=wide | embedding, intermediate_size=ROWS, vocab_size=ROWS * 16
    )
    path = write_gguf(folder, tmp_path / "model.gguf", "qwen2", kind=gguf.GGMLQuantizationType.Q8_0)
    total, growth = read_all(path)
    largest = ROWS * 16 * 64 * 4
    assert total > 1.5 * largest
    # The arithmetic of gguf-py works on a piece of 4 MB, with some copies of it.
    assert growth <= largest + (20 << 20)
