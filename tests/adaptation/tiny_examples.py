"""A tiny decoder with a random adapter, and examples for it."""

from pathlib import Path

import numpy as np
import torch
from random_decoder import RANK, RandomWeights, random_adapter, tiny_tokenizer

from export.adaptation.decoder import AdaptedDecoder
from export.adaptation.layout import Example
from export.adaptation.prepared import Prepared
from export.adaptation.settings import Settings
from export.adaptation.store import Labelled, load_store, save_store

MASK = tiny_tokenizer().token_to_id("<|mask|>")
END = tiny_tokenizer().token_to_id("<|endoftext|>")
MASK_TOKEN = "<|mask|>"


def settings(**changes: object) -> Settings:
    usual: dict[str, object] = {
        "rank": RANK,
        "slots": 3,
        "anchors": 5,
        "examples": 2,
        "shortlist": 64,
        "warmup_steps": 2,
    }
    return Settings(**{**usual, **changes})  # type: ignore[arg-type]


def decoder(chosen: Settings | None = None, *, adapted: bool = True, **options: object) -> AdaptedDecoder:
    """Random base weights; with `adapted`, those of `random_adapter` as well."""
    chosen = chosen or settings()
    torch.manual_seed(chosen.seed)
    made = AdaptedDecoder(RandomWeights(), chosen, **options)  # type: ignore[arg-type]
    if adapted:
        factors = random_adapter()
        with torch.no_grad():
            for index, layer in enumerate(made.adapters):
                for name, adapter in layer.items():
                    for side in "ab":
                        value = factors[f"layers.{index}.{name}.{side}"]
                        getattr(adapter, side).copy_(torch.from_numpy(value))
    return made


def example(seed: int = 0, context: int = 9, span: int = 8) -> Example:
    rng = np.random.default_rng(seed)
    return Example(prompt=rng.integers(0, 300, context), span=np.append(rng.integers(0, 300, span - 1), END))


def cycle(start: int, context: int = 6, span: int = 10) -> Example:
    """Counting upwards: the next tokens follow from the last one, so that little training shows."""
    tokens = np.arange(start, start + context + span - 1) % 20 + 40
    return Example(prompt=tokens[:context], span=np.append(tokens[context:], END))


def prepared(folder: Path) -> Prepared:
    """A prepared folder's contents: counting, in both splits."""
    for split, starts in (("train", range(40)), ("validation", range(40, 46))):
        save_store(
            folder, split, [Labelled(example=cycle(n), kind="line", language="python") for n in starts]
        )
    return Prepared(
        train=load_store(folder, "train"),
        validation=load_store(folder, "validation"),
        shortlist=np.arange(40, 70),
        mask_token=MASK_TOKEN,
        mask=MASK,
        end_ids=frozenset({END}),
    )
