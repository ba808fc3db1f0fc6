"""A tiny decoder with random weights, written through the real exporter: real passes that take no time.

Its tokenizer is trained on the text below, so that prompts of that text tokenise as code does.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from export.convert import GRAPH_FILE, TOKENIZER_FILE, TOP_K, decoder_format, write_graph
from export.decoder import Array, DecoderConfig, LayerWeights
from export.gguf.tokenizer import QWEN2_SPLIT
from export.graph.decoder import Adapter
from export.layouts import qwen2_layouts
from export.vocabulary import ascii_ids, special_ids
from runtime import manifest as m

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|mask|>",
)

SAMPLE = '''
def total(items: list[float]) -> float:
    """Sum of the items."""
    result = 0.0
    for item in items:
        result += item
    return result


class Stack:
    def __init__(self) -> None:
        self.items: list[int] = []

    def push(self, item: int) -> None:
        self.items.append(item)

    def pop(self) -> int:
        if not self.items:
            raise IndexError("pop from an empty stack")
        return self.items.pop()


for number in range(10):
    print(f"{number}: {number ** 2}")
'''

CONFIG = DecoderConfig(
    family="qwen2",
    layers=2,
    width=64,
    heads=4,
    kv_heads=2,
    head_size=16,
    ffn_width=128,
    vocabulary=512,
    rope_base=10_000.0,
    norm_epsilon=1e-6,
    context_length=2048,
    qkv_bias=True,
)
"""`vocabulary` is the embedding's height: a little more than the tokens, as in real checkpoints."""

RANK = 4


def tiny_tokenizer() -> tokenizers.Tokenizer:
    """Byte-level BPE of Qwen2's kind with about 400 tokens; the special ones come last."""
    result = tokenizers.Tokenizer(models.BPE())
    result.normalizer = normalizers.NFC()
    result.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(tokenizers.Regex(QWEN2_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    result.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    result.train_from_iterator([SAMPLE], trainer)
    result.add_special_tokens([tokenizers.AddedToken(name, normalized=False) for name in SPECIAL])
    return result


@dataclass
class RandomWeights:
    """Seeded weights; wide enough in spread that greedy text varies before it loops."""

    config: DecoderConfig = CONFIG
    seed: int = 0

    def _normal(self, stream: int, *shape: int, spread: float) -> Array:
        generator = np.random.default_rng([self.seed, stream])
        return (generator.standard_normal(shape) * spread).astype(np.float32)

    def embedding(self) -> Array:
        return self._normal(1, self.config.vocabulary, self.config.width, spread=1.0)

    def head(self) -> Array:
        return self._normal(2, self.config.vocabulary, self.config.width, spread=0.3)

    def final_norm(self) -> Array:
        return 1 + self._normal(3, self.config.width, spread=0.1)

    def layer(self, index: int) -> LayerWeights:
        config, base = self.config, 10 * (index + 1)
        query, key = config.heads * config.head_size, config.kv_heads * config.head_size
        packed = query + 2 * key
        return LayerWeights(
            attention_norm=1 + self._normal(base, config.width, spread=0.1),
            qkv=self._normal(base + 1, config.width, packed, spread=0.2),
            qkv_bias=self._normal(base + 2, packed, spread=0.5) if config.qkv_bias else None,
            output=self._normal(base + 3, query, config.width, spread=0.2),
            ffn_norm=1 + self._normal(base + 4, config.width, spread=0.1),
            gate_up=self._normal(base + 5, config.width, 2 * config.ffn_width, spread=0.2),
            down=self._normal(base + 6, config.ffn_width, config.width, spread=0.2),
        )


def random_adapter(config: DecoderConfig = CONFIG, seed: int = 0) -> Adapter:
    """Low-rank factors for every projection, large enough to change answers."""
    query, key = config.heads * config.head_size, config.kv_heads * config.head_size
    sizes = {
        "qkv": (config.width, query + 2 * key),
        "output": (query, config.width),
        "gate_up": (config.width, 2 * config.ffn_width),
        "down": (config.ffn_width, config.width),
    }
    generator = np.random.default_rng([seed, 99])
    factors: dict[str, Array] = {}
    for index in range(config.layers):
        for name, (inputs, outputs) in sizes.items():
            stem = f"layers.{index}.{name}"
            factors[f"{stem}.a"] = (generator.standard_normal((inputs, RANK)) * 0.2).astype(np.float32)
            factors[f"{stem}.b"] = (generator.standard_normal((RANK, outputs)) * 0.2).astype(np.float32)
    return factors


MASKED_LAYOUTS: dict[str, tuple[m.Piece, ...]] = {
    "bidirectional": (m.Piece(slot="prefix"), m.Piece(slot="span"), m.Piece(slot="suffix")),
    "block_causal": (m.Piece(slot="suffix"), m.Piece(slot="prefix"), m.Piece(slot="span")),
}


def masked_tokens(tokenizer: tokenizers.Tokenizer) -> m.Tokens:
    """Ids of a masked model; random weights answer with its length tokens now and then."""
    end = tokenizer.token_to_id("<|endoftext|>")
    return m.Tokens(
        eos=(end,),
        mask=tokenizer.token_to_id("<|mask|>"),
        expand=tokenizer.token_to_id("<|im_start|>"),
        delete=end,
    )


def _quiet(_stage: str, _done: float) -> None:
    """No progress to show."""


def write_tiny_model(
    folder: Path,
    quantization: str = "int8",
    *,
    adapter: bool = False,
    mask_slots: int = 0,
    kind: m.Kind = "hybrid",
    shift: bool = True,
    block_length: int | None = None,
    seed: int = 0,
    vocabulary: Literal["ascii", "full"] = "full",
    debug_logits: bool = False,
    config: DecoderConfig = CONFIG,
) -> Path:
    """A whole model folder: graph, weights, tokenizer, manifest.

    `shift`, of masked kinds: whether the weights are read as predicting the token behind.
    """
    folder.mkdir(parents=True)
    tokenizer = tiny_tokenizer()
    tokenizer.save(str(folder / TOKENIZER_FILE))
    special = special_ids(tokenizer)
    mask = tokenizer.token_to_id("<|mask|>")
    kept = ascii_ids(tokenizer) if vocabulary == "ascii" else np.arange(max(special) + 1, dtype=np.int32)
    if kind != "hybrid" and not debug_logits:
        kept = kept[kept != mask]  # a slot is never filled with a mask
    form = decoder_format(quantization, config, kept, causal=kind == "hybrid", debug_logits=debug_logits)
    factors = random_adapter(config, seed) if adapter else None
    write_graph(folder, RandomWeights(config, seed), form, factors, _quiet)
    manifest = m.Manifest(
        name=f"tiny-{quantization}",
        family=config.family,
        kind="hybrid",
        attention="causal",
        shift=True,
        tokens=m.Tokens(eos=tuple(special), pad=special[0], mask=mask if adapter else None),
        layouts=qwen2_layouts(tokenizer),
        context_length=config.context_length,
        cache=m.CacheShape(
            layers=config.layers,
            kv_heads=config.kv_heads,
            head_size=config.head_size,
            dtype="float16" if quantization == "fp16" else "float32",
        ),
        graph=m.GraphInfo(
            file=GRAPH_FILE,
            top_k=TOP_K,
            vocabulary=vocabulary,
            vocabulary_size=len(kept),
            adapter=adapter,
            mask_slots=mask_slots,
        ),
        quantization=quantization,  # type: ignore[arg-type]
        sampler=m.SamplerDefault(name="self-verify"),
        source=m.Source(repository="tests/tiny", revision="0" * 40, file="random", sha256="0" * 64),
        licence="Apache-2.0",
        files={},
    )
    if kind != "hybrid":
        manifest = replace(
            manifest,
            kind=kind,
            attention=kind,
            shift=shift,
            block_length=block_length,
            tokens=masked_tokens(tokenizer),
            layouts={"fim": MASKED_LAYOUTS[kind]},
            sampler=m.SamplerDefault(name="threshold"),
        )
    records = {
        path.name: m.FileRecord(bytes=path.stat().st_size, sha256=m.sha256_of(path))
        for path in sorted(folder.iterdir())
    }
    m.save_manifest(replace(manifest, files=records), folder)
    return folder
