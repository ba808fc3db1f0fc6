"""A GGUF file with Hugging Face's tensor names, layouts and configuration keys."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.decoder import Array
from export.gguf.config import head_size, huggingface_config, integer, special_ids
from export.gguf.file import GgufFile
from export.gguf.names import NAMINGS, layer_index
from runtime.errors import ModelFileError

EMBEDDING, OUTPUT = "token_embd.weight", "output.weight"

_COMPARED_ROWS = 64
_SAME_ABOVE = 0.9
"""Cosine above which rows of two quantised matrices are one matrix: 4 bits against 8 lie above 0.99."""

_EXACT = ("F64", "F32", "F16", "BF16")
"""Types in which a tied embedding is stored unchanged, if it is stored twice at all."""


class GgufView:
    """A `TensorStore` over a GGUF file, and its configuration.

    Where llama.cpp's rotary embedding turns neighbouring numbers, its converter interleaves the two
    halves of each head's query and key rows; they are put back here. A tied embedding that was
    quantised twice is given once, in the finer copy.
    """

    def __init__(self, path: Path) -> None:
        """Open `path`.

        Raises:
            ModelFileError: not a whole GGUF file, of an architecture not known here, or with tensors that
                the architecture has no place for.
        """
        self.file = GgufFile(path)
        self.architecture = str(self.file.field("general.architecture"))
        if self.architecture not in NAMINGS:
            raise ModelFileError(
                f"{path} holds the architecture {self.architecture!r}; supported: {', '.join(NAMINGS)}."
            )
        self._naming = NAMINGS[self.architecture]
        self._check_layers()
        self.head_size = head_size(self.file, self.architecture)
        self.tied = self._is_tied()
        self.config: dict[str, Any] = huggingface_config(self.file, self.architecture, tied=self.tied)
        self._names = self._name_all()

    def names(self) -> Collection[str]:
        """Every tensor's Hugging Face name."""
        return self._names.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, without reading it.

        Raises:
            ModelFileError: there is no such tensor.
        """
        return self.file.tensors[self._find(name)].shape

    def tensor(self, name: str) -> Array:
        """A tensor as float32 in C order, as the Hugging Face checkpoint has it.

        Raises:
            ModelFileError: there is no such tensor, or its values can't be used.
        """
        return self.read(self._find(name))

    def read(self, gguf_name: str) -> Array:
        """The tensor of that GGUF name, with query and key rows in Hugging Face's order.

        Raises:
            ModelFileError: there is no such tensor, or its values can't be used.
        """
        values = self.file.read(gguf_name)
        part = gguf_name.rpartition(".")[0].rpartition(".")[2]
        if self._naming.interleaved and part in ("attn_q", "attn_k"):
            if len(values) % self.head_size:
                raise ModelFileError(
                    f"The tensor {gguf_name!r} in {self.file.path} is not made of whole heads."
                )
            heads = values.reshape(-1, self.head_size // 2, 2, *values.shape[1:])
            values = np.ascontiguousarray(heads.swapaxes(1, 2)).reshape(values.shape)
        return values

    def special(self) -> dict[str, Any]:
        """Special-token settings as a Hugging Face folder has them: texts, ids, whether BOS is put first."""
        tokens = self.file.field("tokenizer.ggml.tokens")
        result: dict[str, Any] = {}
        for key, index in special_ids(self.file).items():
            result[key] = index
            result[key.removesuffix("_id")] = tokens[index]
        for name in ("bos", "eos"):
            added = self.file.fields.get(f"tokenizer.ggml.add_{name}_token")
            if added is not None:
                result[f"add_{name}_token"] = bool(added)
        template = self.file.fields.get("tokenizer.chat_template")
        if isinstance(template, str):
            result["chat_template"] = template
        return result

    def _find(self, name: str) -> str:
        found = self._names.get(name)
        if found is None:
            raise ModelFileError(
                f"{self.file.path} has no tensor {name!r}: it is incomplete or of another model family."
            )
        return found

    def _check_layers(self) -> None:
        layers = integer(self.file, f"{self.architecture}.block_count")
        found = {layer_index(name) for name in self.file.tensors} - {None}
        if len(found) != layers or found != set(range(len(found))):
            raise ModelFileError(
                f"{self.file.path} says that it has {layers:,} layers, but holds tensors of {len(found):,}. "
                "Download it again."
            )

    def _name_all(self) -> dict[str, str]:
        finer = self.finer_embedding() if self.tied else EMBEDDING
        result = {}
        for gguf_name in self.file.tensors:
            name = self._naming.name(gguf_name)
            if name is None:
                raise ModelFileError(
                    f"{self.file.path} holds the tensor {gguf_name!r}, which the architecture "
                    f"{self.architecture} is not known to have, so its output could not be right."
                )
            if gguf_name == EMBEDDING:
                result[name] = finer
            elif not (gguf_name == OUTPUT and self.tied):
                result[name] = gguf_name
        return result

    def finer_embedding(self) -> str:
        """GGUF name of the copy of a tied embedding that lost least."""
        copies = [name for name in (EMBEDDING, OUTPUT) if name in self.file.tensors]
        return max(copies, key=lambda name: self.file.tensors[name].bytes)

    def _is_tied(self) -> bool:
        embedding, output = (self.file.tensors.get(name) for name in (EMBEDDING, OUTPUT))
        if embedding is None:
            raise ModelFileError(f"{self.file.path} lacks the tensor {EMBEDDING!r}.")
        if len(embedding.shape) != 2:
            raise ModelFileError(f"The tensor {EMBEDDING!r} in {self.file.path} is not a matrix.")
        if output is None:
            return True
        if output.shape != embedding.shape:
            return False
        rows = np.unique(np.linspace(0, embedding.shape[0] - 1, _COMPARED_ROWS).astype(int))
        first, second = (self.file.read_rows(name, rows.tolist()) for name in (EMBEDDING, OUTPUT))
        if embedding.kind.name in _EXACT and output.kind.name in _EXACT:
            return np.array_equal(first, second)
        products = np.einsum("rc,rc->r", first, second, dtype=np.float64)
        lengths: NDArray[np.float32] = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        filled = lengths > 0  # rows of no token may be zero
        return bool(filled.any() and np.median(products[filled] / lengths[filled]) > _SAME_ABOVE)
