"""What llama.cpp's converter calls each tensor of the architectures read here.

Source: llama.cpp's conversion scripts and gguf-py's `tensor_mapping.py`.
"""

import re
from dataclasses import dataclass

_BLOCK = re.compile(r"blk\.(\d{1,4})\.(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Hugging Face names of one architecture's tensors."""

    top: dict[str, str]
    """GGUF name to Hugging Face name, outside the layers."""
    layer: str
    """Hugging Face prefix of a layer, with its number as {}."""
    inside: dict[str, str]
    """GGUF name to Hugging Face name, inside a layer."""
    interleaved: bool = False
    """Whether query and key rows were reordered, see `GgufView`."""

    def name(self, gguf_name: str) -> str | None:
        """The Hugging Face name; None for a tensor this architecture has no place for."""
        block = _BLOCK.fullmatch(gguf_name)
        if block is None:
            return self.top.get(gguf_name)
        inner = self.inside.get(block.group(2))
        return None if inner is None else f"{self.layer.format(int(block.group(1)))}.{inner}"


def layer_index(gguf_name: str) -> int | None:
    """Number of the layer a tensor is in."""
    block = _BLOCK.fullmatch(gguf_name)
    return None if block is None else int(block.group(1))


_QWEN2 = Naming(
    top={
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
    },
    layer="model.layers.{}",
    inside={
        "attn_norm.weight": "input_layernorm.weight",
        "attn_q.weight": "self_attn.q_proj.weight",
        "attn_k.weight": "self_attn.k_proj.weight",
        "attn_v.weight": "self_attn.v_proj.weight",
        "attn_q.bias": "self_attn.q_proj.bias",
        "attn_k.bias": "self_attn.k_proj.bias",
        "attn_v.bias": "self_attn.v_proj.bias",
        "attn_output.weight": "self_attn.o_proj.weight",
        "ffn_norm.weight": "post_attention_layernorm.weight",
        "ffn_gate.weight": "mlp.gate_proj.weight",
        "ffn_up.weight": "mlp.up_proj.weight",
        "ffn_down.weight": "mlp.down_proj.weight",
    },
)

_LLADA = Naming(
    top={
        "token_embd.weight": "model.transformer.wte.weight",
        "output_norm.weight": "model.transformer.ln_f.weight",
        "output.weight": "model.transformer.ff_out.weight",
    },
    layer="model.transformer.blocks.{}",
    inside={
        "attn_norm.weight": "attn_norm.weight",
        "attn_q.weight": "q_proj.weight",
        "attn_k.weight": "k_proj.weight",
        "attn_v.weight": "v_proj.weight",
        "attn_output.weight": "attn_out.weight",
        "ffn_norm.weight": "ff_norm.weight",
        "ffn_gate.weight": "ff_proj.weight",
        "ffn_up.weight": "up_proj.weight",
        "ffn_down.weight": "ff_out.weight",
    },
    interleaved=True,
)

NAMINGS: dict[str, Naming] = {"qwen2": _QWEN2, "dream": _QWEN2, "llada": _LLADA}
"""By `general.architecture`."""
