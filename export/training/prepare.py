"""Makes the corpus: packages in, a tokenizer and packed tokens out.

Knows the order of the steps; what each does is in its own module.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from export.training import packages, source_files, vocabulary
from export.training.batches import save_split
from export.training.packages import Package
from runtime.errors import InputError

SPLITS = ("validation", "train")
"""Validation first, so that what is in both is kept out of training."""

PACKAGE_LIMIT_BYTES = 1_500_000
"""No package gives more, so that none sets the style of all."""

TOKENIZER_BYTES = 24_000_000
"""Text that the tokenizer learns from: more changes its table little."""

Report = Callable[[str], None]


@dataclass(slots=True)
class Corpus:
    """The kept texts, and why others were not."""

    texts: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in SPLITS})
    kept: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Files and bytes by package."""
    dropped: dict[str, int] = field(
        default_factory=lambda: {"unfit": 0, "held out": 0, "duplicate": 0, "limit": 0}
    )


def prepare(
    listed: Sequence[Package], wheels: Path, exclude: Sequence[Path], out: Path, report: Report
) -> Corpus:
    """Fetch the packages into `wheels` and write tokenizer, splits and `corpus.json` to `out`.

    Raises:
        FetchError: an archive can't be had.
        InputError: a package has no permissive licence, or an evaluation file can't be read.
    """
    report(f"Fetching {len(listed)} packages")
    packages.fetch(listed, wheels)
    held_out = source_files.HeldOut(text for path in exclude for text in source_files.task_texts(path))
    corpus = gather(listed, wheels, held_out, report)
    report("Learning the tokenizer")
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = vocabulary.train_tokenizer(_sample(corpus.texts["train"], TOKENIZER_BYTES))
    tokenizer.save(str(out / "tokenizer.json"))
    tokens = {}
    for name in SPLITS:
        report(f"Writing the {name} tokens")
        files = tokenise(tokenizer, corpus.texts[name])
        if not files:
            raise InputError(f"No file is left for the {name} part of the corpus. Add packages to the list.")
        save_split(out, name, files)
        tokens[name] = sum(map(len, files))
    summary = {
        "packages": len(listed),
        "files": {name: len(corpus.texts[name]) for name in SPLITS},
        "bytes": {name: sum(len(text.encode()) for text in corpus.texts[name]) for name in SPLITS},
        "tokens": tokens,
        "dropped_files": corpus.dropped,
        "held_out_ngrams": len(held_out),
        "vocabulary_tokens": tokenizer.get_vocab_size(),
    }
    (out / "corpus.json").write_text(json.dumps(summary, indent=2) + "\n")
    packages.write_list(out / "packages.json", listed, corpus.kept)
    return corpus


def gather(listed: Sequence[Package], wheels: Path, held_out: source_files.HeldOut, report: Report) -> Corpus:
    """The texts of both splits.

    Raises:
        InputError: an archive's licence is not permissive, or is not what the list says.
    """
    corpus = Corpus()
    duplicates = source_files.Duplicates()
    for package in sorted(listed, key=lambda package: (SPLITS.index(package.split), package.name)):
        report(f"Reading {package.name}")
        found = packages.describe(wheels / package.wheel)
        if found is None or found.licence != package.licence:
            raise InputError(
                f"The licence of {package.name} {package.version} is not {package.licence}, "
                "as the list says. Remove it from the list."
            )
        texts: list[str] = []
        size = 0
        sources = packages.python_sources(wheels / package.wheel)
        # By hash, so that the limit takes files from all over the package.
        for path, raw in sorted(sources, key=lambda source: hashlib.sha256(source[0].encode()).digest()):
            text = source_files.clean(path, raw)
            if text is None:
                corpus.dropped["unfit"] += 1
            elif size + len(text) > PACKAGE_LIMIT_BYTES:
                corpus.dropped["limit"] += 1
            elif held_out.shares(text):
                corpus.dropped["held out"] += 1
            elif not duplicates.is_new(text):
                corpus.dropped["duplicate"] += 1
            else:
                texts.append(text)
                size += len(text.encode())
        corpus.texts[package.split] += texts
        corpus.kept[package.name] = (len(texts), size)
    return corpus


def tokenise(tokenizer: Tokenizer, texts: Sequence[str]) -> list[NDArray[np.uint16]]:
    """Each text's token ids; a text that spells a special token is left out."""
    plain = [text for text in texts if not any(token in text for token in vocabulary.SPECIAL_TOKENS)]
    encoded = tokenizer.encode_batch_fast(plain, add_special_tokens=False)
    return [np.array(encoding.ids, np.uint16) for encoding in encoded]


def _sample(texts: Sequence[str], limit_bytes: int) -> list[str]:
    order = np.random.default_rng(0).permutation(len(texts))
    chosen: list[str] = []
    size = 0
    for index in order:
        if size >= limit_bytes:
            break
        chosen.append(texts[index])
        size += len(texts[index])
    return chosen
