"""Each family's small checkpoint, its reference and its exported folder, made once a session.

`conftest.py` has the fixture `family_model`.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import onnx_ir as ir
import torch
from checkpoint_maker import make_checkpoint
from checkpoint_recipes import FAMILIES
from numpy.typing import NDArray

from export.checkpoints import Checkpoint, open_checkpoint
from export.convert import convert_checkpoint
from export.reference import TorchDecoder
from runtime.manifest import Manifest, load_manifest

VARIANTS: dict[str, tuple[str, dict[str, object]]] = {
    **{family: (family, {}) for family in FAMILIES},
    "open-dcoder untied": ("open-dcoder", {"tied": False}),
    "sdar tied": ("sdar", {"tied": True}),
    "llada tied": ("llada", {"tied": True}),
    "llada grouped": ("llada", {"n_kv_heads": 2}),
    "llada biased": ("llada", {"include_qkv_bias": True}),
    "coda biased": ("coda", {"attention_bias": True}),
    "stable-diffcoder biased": ("stable-diffcoder", {"attention_bias": True, "mlp_bias": True}),
    "coda sharded": ("coda", {"shards": 3}),
}
"""Every family, and forms of them that its published checkpoints don't all have."""


def quiet(_stage: str, _done: float) -> None:
    """No progress to show."""


@dataclass(frozen=True)
class FamilyModel:
    """One variant's checkpoint and what follows from it."""

    name: str
    root: Path

    @cached_property
    def checkpoint(self) -> Checkpoint:
        family, options = VARIANTS[self.name]
        return open_checkpoint(make_checkpoint(self.root, family, **options), progress=quiet)  # type: ignore[arg-type]

    @cached_property
    def reference(self) -> TorchDecoder:
        # Threads that wait for each other take a hundred times longer where a core is busy.
        torch.set_num_threads(1)
        return TorchDecoder(self.checkpoint)

    def folder(self, quantization: str) -> Path:
        """The exported model; beside its own graph stands one that gives the logits as well."""
        folder = self.root / quantization
        if not folder.exists():
            convert_checkpoint(
                self.checkpoint,
                folder,
                name=f"tiny-{self.name}",
                quantization=quantization,
                vocabulary="full",
                progress=quiet,
            )
            write_logits_graph(folder)
        return folder

    @cached_property
    def manifest(self) -> Manifest:
        return load_manifest(self.folder("none"))

    @cached_property
    def kept(self) -> NDArray[np.int32]:
        """The token of each of the graph's logits."""
        return kept_ids(self.folder("none"))


def kept_ids(folder: Path) -> NDArray[np.int32]:
    """The tokens that a folder's head can answer with."""
    ids = ir.load(folder / "model.onnx").graph.initializers["head_ids"].const_value
    assert ids is not None
    return np.array(ids.numpy())


LOGITS_GRAPH = "logits.onnx"


def write_logits_graph(folder: Path) -> None:
    """Write the folder's graph again with the sampling head's logits as an output."""
    model = ir.load(folder / "model.onnx")
    (head,) = (node for node in model.graph if node.op_type == "TopK")
    logits = head.inputs[0]
    assert logits is not None
    logits.name = "logits"
    logits.type, logits.shape = ir.TensorType(ir.DataType.FLOAT), ir.Shape(["predicted", "vocabulary"])
    model.graph.outputs.append(logits)
    ir.save(model, folder / LOGITS_GRAPH)
