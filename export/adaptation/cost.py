"""What a training step costs, by part: arithmetic, not measurement.

A product with a frozen matrix of P weights takes 2P operations a token forward, and 2P again to carry the
gradient to its input; the weights' own gradient, another 2P in ordinary training, is never needed. So a token
of context costs 1, a token with adapters 2, in units of one forward pass of the layers.
"""

from dataclasses import dataclass

import numpy as np

from export.adaptation.layout import lay_out
from export.adaptation.settings import Settings
from export.adaptation.store import Store
from export.decoder import DecoderConfig

QWEN_HALF_BILLION = DecoderConfig(
    family="qwen2",
    layers=24,
    width=896,
    heads=14,
    kv_heads=2,
    head_size=64,
    ffn_width=4864,
    vocabulary=151_936,
    rope_base=1e6,
    norm_epsilon=1e-6,
    context_length=32_768,
    qkv_bias=True,
)
SAMPLE = 400
"""Examples that the means are taken over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Tokens of a mean example."""

    context: float
    clean: float
    masks: float


def mean_example(store: Store, settings: Settings) -> Sizes:
    """What an example of a store has, laid out by these settings."""
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(store))[:SAMPLE]
    laid = [lay_out(store[int(index)], settings, 0, rng) for index in chosen]
    return Sizes(
        context=float(np.mean([len(each.context) for each in laid])),
        clean=float(np.mean([len(each.clean) for each in laid])),
        masks=float(np.mean([len(each.slot) for each in laid])),
    )


def step_cost(config: DecoderConfig, settings: Settings, sizes: Sizes) -> dict[str, object]:
    """Operations (GFLOP) of a step's parts, their shares, and what the parts' sizes are."""
    packed = (config.heads + 2 * config.kv_heads) * config.head_size
    query = config.heads * config.head_size
    shapes = {
        "qkv": (config.width, packed),
        "output": (query, config.width),
        "gate_up": (config.width, 2 * config.ffn_width),
        "down": (config.ffn_width, config.width),
    }
    layers = config.layers * sum(inputs * outputs for inputs, outputs in shapes.values())
    low_rank = config.layers * settings.rank * sum(sum(shapes[name]) for name in settings.projections)
    adapted, asked = sizes.clean + sizes.masks, sizes.clean if settings.needs_base else 0.0
    # Scores and mixing: 4 operations a pair of tokens and a channel, twice that again for the way back.
    seen = sizes.context + sizes.clean / 2
    attention = 4 * query * config.layers * (3 * adapted * seen + (sizes.context + asked) * sizes.context / 2)
    head = 2 * config.width * settings.shortlist
    parts = {
        "context, frozen layers": 2 * layers * sizes.context,
        "span in the base alone": 2 * layers * asked,
        "clean span, there and back": 4 * layers * sizes.clean,
        "masks, there and back": 4 * layers * sizes.masks,
        "adapters": 6 * low_rank * adapted,
        "attention": attention,
        "head, shortlist": 2 * head * adapted + head * asked,
    }
    total = sum(parts.values())
    whole_head = 2 * config.width * config.vocabulary * (2 * adapted + asked)
    return {
        "tokens_per_example": {
            "context": round(sizes.context, 1),
            "clean": round(sizes.clean, 1),
            "masks": round(sizes.masks, 1),
        },
        "gflop_per_step": {name: round(value * settings.examples / 1e9, 1) for name, value in parts.items()},
        "share": {name: round(value / total, 4) for name, value in parts.items()},
        "total_gflop_per_step": round(total * settings.examples / 1e9, 1),
        "head_with_the_whole_vocabulary_gflop": round(whole_head * settings.examples / 1e9, 1),
        "trainable_parameters": low_rank,
    }
