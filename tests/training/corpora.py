"""A corpus of a few lines, and runs so small that they take no time."""

from pathlib import Path

import numpy as np

from export.training.batches import save_split
from export.training.model import Shape
from export.training.train import Run, Settings
from export.training.vocabulary import train_tokenizer

LINES = (
    "def total(items):\n    result = 0\n"
    "    for item in items:\n        result += item\n    return result\n\n",
    "class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self.y = y\n\n",
    "if __name__ == '__main__':\n    print(total([1, 2, 3]))\n\n",
)
VOCABULARY = 320
SHAPE = Shape(
    vocab_size=VOCABULARY,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=16,
    intermediate_size=48,
)


def write_corpus(folder: Path) -> Path:
    """A prepared corpus of repeated lines."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(LINES, 40)) for _ in range(6)]
    tokenizer = train_tokenizer(texts, vocabulary_tokens=VOCABULARY)
    tokenizer.save(str(folder / "tokenizer.json"))
    files = [np.array(tokenizer.encode(text).ids, np.uint16) for text in texts]
    save_split(folder, "train", files[:4])
    save_split(folder, "validation", files[4:])
    return folder


def small_settings(**changes: object) -> Settings:
    """Settings of a run of twelve small steps."""
    values: dict[str, object] = {
        "steps": 12,
        "window": 64,
        "batch": 4,
        "shape": SHAPE,
        "warmup_steps": 2,
        "validate_every": 4,
        "validation_batches": 2,
    }
    if "minutes" in changes and "steps" not in changes:
        values.pop("steps")
    return Settings(**(values | changes))  # type: ignore[arg-type]


def small_run(corpus: Path, folder: Path, **changes: object) -> Run:
    """A run over `corpus` with two workers."""
    return Run(corpus, folder, small_settings(**changes), threads=2)
