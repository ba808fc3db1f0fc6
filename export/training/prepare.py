"""Makes the corpus: packages in, a tokenizer and packed tokens out.

Knows the order of the steps; what each does is in its own module.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from export.corpus import packages, registries, source_files
from export.corpus.gather import SPLITS, Gathered, Report, gather
from export.corpus.packages import Package
from export.training import vocabulary
from export.training.batches import save_split
from runtime.errors import InputError

PACKAGE_LIMIT_BYTES = 1_500_000
"""No package gives more, so that none sets the style of all."""

TOKENIZER_BYTES = 24_000_000
"""Text that the tokenizer learns from: more changes its table little."""


def prepare(
    listed: Sequence[Package], wheels: Path, exclude: Sequence[Path], out: Path, report: Report
) -> Gathered:
    """Fetch the packages into `wheels` and write tokenizer, splits and `corpus.json` to `out`.

    Raises:
        FetchError: an archive can't be had.
        InputError: a package has no permissive licence, or an evaluation file can't be read.
    """
    report(f"Fetching {len(listed)} packages")
    registries.fetch(listed, wheels)
    held_out = source_files.HeldOut(text for path in exclude for text in source_files.task_texts(path))
    corpus = gather(listed, wheels, held_out, report, languages=("python",), limit_bytes=PACKAGE_LIMIT_BYTES)
    texts = {name: [source.text for source in corpus.texts[name]] for name in SPLITS}
    report("Learning the tokenizer")
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = vocabulary.train_tokenizer(_sample(texts["train"], TOKENIZER_BYTES))
    tokenizer.save(str(out / "tokenizer.json"))
    tokens = {}
    for name in SPLITS:
        report(f"Writing the {name} tokens")
        files = tokenise(tokenizer, texts[name])
        if not files:
            raise InputError(f"No file is left for the {name} part of the corpus. Add packages to the list.")
        save_split(out, name, files)
        tokens[name] = sum(map(len, files))
    summary = {
        "packages": len(listed),
        "files": {name: len(texts[name]) for name in SPLITS},
        "bytes": {name: sum(len(text.encode()) for text in texts[name]) for name in SPLITS},
        "tokens": tokens,
        "dropped_files": corpus.dropped,
        "held_out_ngrams": len(held_out),
        "vocabulary_tokens": tokenizer.get_vocab_size(),
    }
    (out / "corpus.json").write_text(json.dumps(summary, indent=2) + "\n")
    packages.write_list(out / "packages.json", listed, corpus.kept)
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
