"""A GGUF file as decoder weights. Dequantises with gguf-py; runs nothing from the file.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from pathlib import Path
from typing import Any

import numpy as np

from export.decoder import Array, DecoderConfig, LayerWeights
from runtime.errors import ModelFileError

ARCHITECTURES = ("qwen2",)
"""`general.architecture` values this reader knows the tensor names of."""


class GgufCheckpoint:
    """Lazily dequantised weights of one GGUF file (memory-mapped)."""

    def __init__(self, path: Path) -> None:
        """Open `path`.

        Raises:
            ModelFileError: not a whole GGUF file, or of an architecture not known here.
        """
        import gguf

        self.path = path
        try:
            self._reader = gguf.GGUFReader(path)
        except FileNotFoundError:
            raise ModelFileError(f"{path} does not exist.") from None
        except Exception as error:  # gguf raises ValueError, IndexError or numpy errors on bad bytes
            raise ModelFileError(f"{path} is not a whole GGUF file ({error}). Download it again.") from error
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}
        architecture = self.field("general.architecture")
        if architecture not in ARCHITECTURES:
            raise ModelFileError(
                f"{path} holds the architecture {architecture!r}; supported: {', '.join(ARCHITECTURES)}."
            )
        self.config = self._read_config(architecture)

    def field(self, key: str) -> Any:
        """Value of a metadata key.

        Raises:
            ModelFileError: the file has no such key.
        """
        found = self._reader.get_field(key)
        if found is None:
            raise ModelFileError(f"{self.path} lacks the metadata key {key!r}.")
        return found.contents()

    def _read_config(self, architecture: str) -> DecoderConfig:
        heads = self.field(f"{architecture}.attention.head_count")
        width = self.field(f"{architecture}.embedding_length")
        return DecoderConfig(
            family=architecture,
            layers=self.field(f"{architecture}.block_count"),
            width=width,
            heads=heads,
            kv_heads=self.field(f"{architecture}.attention.head_count_kv"),
            head_size=width // heads,
            ffn_width=self.field(f"{architecture}.feed_forward_length"),
            vocabulary=len(self.field("tokenizer.ggml.tokens")),
            rope_base=float(self.field(f"{architecture}.rope.freq_base")),
            norm_epsilon=float(self.field(f"{architecture}.attention.layer_norm_rms_epsilon")),
            context_length=self.field(f"{architecture}.context_length"),
            qkv_bias="blk.0.attn_q.bias" in self._tensors,
        )

    def _tensor(self, name: str) -> Array:
        import gguf

        tensor = self._tensors.get(name)
        if tensor is None:
            raise ModelFileError(f"{self.path} lacks the tensor {name!r}.")
        values: Array = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
        return values.reshape(tensor.shape[::-1])

    def embedding(self) -> Array:
        """(vocabulary, width). A tied embedding is stored twice; the finer copy is taken."""
        return self.head()

    def head(self) -> Array:
        """(vocabulary, width)."""
        return self._tensor("output.weight" if "output.weight" in self._tensors else "token_embd.weight")

    def final_norm(self) -> Array:
        """(width,)."""
        return self._tensor("output_norm.weight")

    def layer(self, index: int) -> LayerWeights:
        """Weights of layer `index`. q/k rows are not permuted in this architecture's GGUF files."""

        def matrix(*parts: str) -> Array:
            stacked = [self._tensor(f"blk.{index}.{part}.weight") for part in parts]
            return np.ascontiguousarray(np.concatenate(stacked).T)

        bias = None
        if self.config.qkv_bias:
            bias = np.concatenate([self._tensor(f"blk.{index}.attn_{part}.bias") for part in "qkv"])
        return LayerWeights(
            attention_norm=self._tensor(f"blk.{index}.attn_norm.weight"),
            qkv=matrix("attn_q", "attn_k", "attn_v"),
            qkv_bias=bias,
            output=matrix("attn_output"),
            ffn_norm=self._tensor(f"blk.{index}.ffn_norm.weight"),
            gate_up=matrix("ffn_gate", "ffn_up"),
            down=matrix("ffn_down"),
        )
