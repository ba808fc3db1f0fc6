"""A GGUF file as decoder weights, for the converter of the default model. Runs nothing from the file."""

from pathlib import Path
from typing import Any

import numpy as np

from export.decoder import Array, DecoderConfig, LayerWeights
from export.gguf.config import integer, number
from export.gguf.view import EMBEDDING, OUTPUT, GgufView


class GgufCheckpoint:
    """Weights of one GGUF file, dequantised when asked for."""

    def __init__(self, path: Path) -> None:
        """Open `path`.

        Raises:
            ModelFileError: not a whole GGUF file, or of an architecture not known here.
        """
        self.path = path
        self.view = GgufView(path)
        self.config = self._read_config()

    def field(self, key: str) -> Any:
        """Value of a metadata key.

        Raises:
            ModelFileError: the file has no such key.
        """
        return self.view.file.field(key)

    def _read_config(self) -> DecoderConfig:
        file, architecture = self.view.file, self.view.architecture

        def count(key: str) -> int:
            return integer(file, f"{architecture}.{key}")

        return DecoderConfig(
            family=architecture,
            layers=count("block_count"),
            width=count("embedding_length"),
            heads=count("attention.head_count"),
            kv_heads=count("attention.head_count_kv"),
            head_size=self.view.head_size,
            ffn_width=count("feed_forward_length"),
            vocabulary=len(self.field("tokenizer.ggml.tokens")),
            rope_base=number(file, f"{architecture}.rope.freq_base"),
            norm_epsilon=number(file, f"{architecture}.attention.layer_norm_rms_epsilon"),
            context_length=count("context_length"),
            qkv_bias="blk.0.attn_q.bias" in file.tensors,
        )

    def embedding(self) -> Array:
        """(vocabulary, width). Of a tied embedding that is stored twice, the finer copy is taken."""
        return self.view.read(self.view.finer_embedding() if self.view.tied else EMBEDDING)

    def head(self) -> Array:
        """(vocabulary, width)."""
        return self.view.read(self.view.finer_embedding() if self.view.tied else OUTPUT)

    def final_norm(self) -> Array:
        """(width,)."""
        return self.view.read("output_norm.weight")

    def layer(self, index: int) -> LayerWeights:
        """Weights of layer `index`."""

        def matrix(*parts: str) -> Array:
            stacked = [self.view.read(f"blk.{index}.{part}.weight") for part in parts]
            return np.ascontiguousarray(np.concatenate(stacked).T)

        bias = None
        if self.config.qkv_bias:
            bias = np.concatenate([self.view.read(f"blk.{index}.attn_{part}.bias") for part in "qkv"])
        return LayerWeights(
            attention_norm=self.view.read(f"blk.{index}.attn_norm.weight"),
            qkv=matrix("attn_q", "attn_k", "attn_v"),
            qkv_bias=bias,
            output=matrix("attn_output"),
            ffn_norm=self.view.read(f"blk.{index}.ffn_norm.weight"),
            gate_up=matrix("ffn_gate", "ffn_up"),
            down=matrix("ffn_down"),
        )
