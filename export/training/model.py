"""The denoiser: a Qwen3-style transformer that looks both ways.

The layers and the names of the weights are those of Tiny-A2D's `a2d-qwen3` masked-diffusion checkpoints
(ZHZisZZ/dllm), so that what is trained here is exported like any of them. The logits at a mask predict
that very mask: nothing is shifted. Knows tensors; does not know text.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.training.examples import IGNORED


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A denoiser's sizes, under the names that `config.json` gives them."""

    vocab_size: int = 4096
    hidden_size: int = 192
    num_hidden_layers: int = 6
    num_attention_heads: int = 6
    num_key_value_heads: int = 2
    head_dim: int = 32
    intermediate_size: int = 512
    rope_theta: float = 10_000.0
    rms_norm_eps: float = 1e-6
    max_position_embeddings: int = 1024


class Attention(nn.Module):
    """Grouped-query attention without a mask, with normalised queries and keys."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.size = (
            shape.num_attention_heads,
            shape.num_key_value_heads,
            shape.head_dim,
        )
        self.q_proj = nn.Linear(shape.hidden_size, self.heads * self.size, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, self.kv_heads * self.size, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, self.kv_heads * self.size, bias=False)
        self.o_proj = nn.Linear(self.heads * self.size, shape.hidden_size, bias=False)
        self.q_norm = nn.RMSNorm(self.size, shape.rms_norm_eps)
        self.k_norm = nn.RMSNorm(self.size, shape.rms_norm_eps)

    def forward(self, hidden: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """(batch, tokens, width) to the same."""
        batch, tokens, _ = hidden.shape
        query = self.q_norm(self.q_proj(hidden).view(batch, tokens, self.heads, self.size))
        key = self.k_norm(self.k_proj(hidden).view(batch, tokens, self.kv_heads, self.size))
        value = self.v_proj(hidden).view(batch, tokens, self.kv_heads, self.size)
        query, key = rotate(query, cosine, sine), rotate(key, cosine, sine)
        repeats = self.heads // self.kv_heads
        mixed = functional.scaled_dot_product_attention(
            query.transpose(1, 2),
            key.transpose(1, 2).repeat_interleave(repeats, dim=1),
            value.transpose(1, 2).repeat_interleave(repeats, dim=1),
        )
        output: Tensor = self.o_proj(mixed.transpose(1, 2).reshape(batch, tokens, self.heads * self.size))
        return output


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """(batch, tokens, width) to the same."""
        output: Tensor = self.down_proj(functional.silu(self.gate_proj(hidden)) * self.up_proj(hidden))
        return output


class Layer(nn.Module):
    """Attention and feed-forward, each behind its norm and added to what came in."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.mlp = FeedForward(shape)
        self.input_layernorm = nn.RMSNorm(shape.hidden_size, shape.rms_norm_eps)
        self.post_attention_layernorm = nn.RMSNorm(shape.hidden_size, shape.rms_norm_eps)

    def forward(self, hidden: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """(batch, tokens, width) to the same."""
        hidden = hidden + self.self_attn(self.input_layernorm(hidden), cosine, sine)
        output: Tensor = hidden + self.mlp(self.post_attention_layernorm(hidden))
        return output


class Body(nn.Module):
    """Embeddings, layers and the last norm."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_hidden_layers))
        self.norm = nn.RMSNorm(shape.hidden_size, shape.rms_norm_eps)


class Denoiser(nn.Module):
    """The whole model; the embedding is the output matrix too."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.model = Body(shape)
        deviation = 0.02
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                into_stream = name.endswith(("o_proj.weight", "down_proj.weight"))
                scale = deviation / (2 * shape.num_hidden_layers) ** 0.5 if into_stream else deviation
                nn.init.normal_(weight, std=scale)

    def hidden(self, input_ids: Tensor) -> Tensor:
        """The last layer's normalised output, (batch, tokens, width), for ids (batch, tokens)."""
        cosine, sine = rotation(input_ids.shape[1], self.shape)
        hidden = self.model.embed_tokens(input_ids)
        for layer in self.model.layers:
            hidden = layer(hidden, cosine, sine)
        output: Tensor = self.model.norm(hidden)
        return output

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits of hidden states (..., width) over the vocabulary."""
        return functional.linear(hidden, self.model.embed_tokens.weight)

    def forward(self, input_ids: Tensor, targets: Tensor) -> Tensor:
        """Sum of the cross entropy, in nats, at the slots that have a target; the head runs on those alone.

        Every such slot weighs the same. Weights of 1 over the masked share, which make the sum a bound on
        the likelihood, would let the few-mask examples' noise decide; decoding needs the crowded ones.
        """
        asked = (targets != IGNORED).flatten().nonzero().squeeze(1)
        chosen = self.hidden(input_ids).flatten(0, 1).index_select(0, asked)
        wanted = targets.flatten().index_select(0, asked)
        return functional.cross_entropy(self.logits(chosen), wanted, reduction="sum")


def rotation(tokens: int, shape: Shape) -> tuple[Tensor, Tensor]:
    """Cosine and sine of every position's angles, both (tokens, 1, head_dim)."""
    exponents = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
    angles = torch.outer(torch.arange(tokens, dtype=torch.float32), shape.rope_theta**-exponents)
    both = torch.cat((angles, angles), dim=-1)[:, None, :]
    return both.cos(), both.sin()


def rotate(heads: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Rotary embedding of (batch, tokens, heads, size), the two halves of a head being the pairs."""
    first, second = heads.chunk(2, dim=-1)
    return heads * cosine + torch.cat((-second, first), dim=-1) * sine
