"""Makes the examples: packages in, token ids of prompts and spans out.

Prompts are laid out by the runtime's own code, after the model's own manifest: what is trained on is what
will be served. Knows the order of the steps; what each does is in its own module.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tokenizers

from export.adaptation.cutting import MODES, Cut, cut
from export.adaptation.layout import Example
from export.adaptation.prepared import DESCRIPTION_FILE, SHORTLIST_FILE
from export.adaptation.store import Labelled, save_store
from export.convert import TOKENIZER_FILE
from export.corpus import registries
from export.corpus.archives import LANGUAGES
from export.corpus.gather import SPLITS, Report, SourceText, gather
from export.corpus.packages import Package, write_list
from export.corpus.source_files import HeldOut, task_texts
from runtime.errors import InputError, UsageError
from runtime.manifest import Manifest, load_manifest
from runtime.prompts import build_prompt
from runtime.request import FillRequest
from runtime.stopping.fence import FENCE
from runtime.tokenizer import Tokenizer

PACKAGE_LIMIT_BYTES = 1_000_000
"""No package gives more, so that none sets the style of all."""

LANGUAGE_SHARES = {
    "python": 0.5,
    "javascript": 0.1,
    "typescript": 0.1,
    "typescriptreact": 0.02,
    "javascriptreact": 0.01,
    "rust": 0.09,
    "go": 0.08,
    "cpp": 0.05,
    "c": 0.02,
    "java": 0.03,
}
"""Of the examples, as far as the corpus has them."""

BYTES_PER_HOLE = 400
MOST_HOLES = 40
"""Of one file."""

CONTEXT_TOKENS = (24, 320)
"""Tokens on both sides of a hole together, least and most: short ones are cheap, and occur as well."""

CHARACTERS_PER_TOKEN = 3.4
LONGEST_SPAN_TOKENS = 160


@dataclass(frozen=True, slots=True)
class Serving:
    """What a model folder says of how it is asked, and its tokenizer."""

    manifest: Manifest
    tokenizer: Tokenizer
    mask_token: str
    mask: int
    ends: dict[str, tuple[int, ...]]
    """By layout, the tokens that end an answer."""


def open_serving(model: Path, mask_token: str) -> Serving:
    """Read a model folder of the base.

    Raises:
        ManifestError: it is no model folder.
        UsageError: the model is not causal, or its tokenizer lacks the mask token.
    """
    manifest = load_manifest(model)
    if manifest.kind != "hybrid":
        raise UsageError(f"An adapter needs a causal model; {manifest.name} is {manifest.attention}.")
    raw = tokenizers.Tokenizer.from_file(str(model / TOKENIZER_FILE))
    mask = raw.token_to_id(mask_token)
    if mask is None:
        raise UsageError(
            f"The tokenizer of {manifest.name} has no token {mask_token}. "
            "Name an unused special one with --mask."
        )
    tokenizer = Tokenizer(model / TOKENIZER_FILE)
    text_end = manifest.tokens.eos[0] if manifest.tokens.pad is None else manifest.tokens.pad
    turn_end = raw.token_to_id("<|im_end|>")
    fenced = (*tokenizer.encode(FENCE), text_end if turn_end is None else turn_end)
    ends = {name: fenced if name == "chat" else (text_end,) for name in manifest.layouts}
    return Serving(manifest, tokenizer, mask_token, mask, ends)


def prepare(
    listed: Sequence[Package],
    archives: Path,
    model: Path,
    exclude: Sequence[Path],
    out: Path,
    report: Report,
    *,
    limit: int,
    mask_token: str,
    seed: int = 0,
) -> dict[str, object]:
    """Fetch the packages into `archives` and write up to `limit` examples to `out`; returns what they are.

    Raises:
        FetchError: an archive can't be had.
        InputError: a package has no permissive licence, or an evaluation file can't be read.
        UsageError: the model can't have an adapter.
    """
    serving = open_serving(model, mask_token)
    report(f"Fetching {len(listed)} packages")
    registries.fetch(listed, archives)
    held_out = HeldOut(text for path in exclude for text in task_texts(path))
    languages = set(LANGUAGES.values())
    corpus = gather(listed, archives, held_out, report, languages=languages, limit_bytes=PACKAGE_LIMIT_BYTES)
    counted: Counter[int] = Counter()
    said: dict[str, object] = {}
    for split in SPLITS:
        share = 1.0 if split == "train" else 0.05
        examples = examples_of(
            corpus.texts[split], serving, int(limit * share), report, seed=seed + SPLITS.index(split)
        )
        if not examples:
            raise InputError(f"No hole is left for the {split} examples. Add packages to the list.")
        save_store(out, split, examples)
        if split == "train":
            for each in examples:
                counted.update(each.example.span.tolist())
        said[split] = {
            "examples": len(examples),
            "prompt_tokens": sum(len(each.example.prompt) for each in examples),
            "span_tokens": sum(len(each.example.span) for each in examples),
            "kinds": Counter(each.kind for each in examples),
            "languages": Counter(each.language for each in examples),
        }
    ordered = [token for token, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
    ordered += [token for token in serving.manifest.tokens.eos if token not in counted]
    np.save(out / SHORTLIST_FILE, np.array(ordered, np.int32))
    said |= {
        "model": serving.manifest.name,
        "mask_token": serving.mask_token,
        "mask": serving.mask,
        "end_ids": list(serving.manifest.tokens.eos),
        "seed": seed,
        "dropped_files": corpus.dropped,
        "held_out_ngrams": len(held_out),
    }
    (out / DESCRIPTION_FILE).write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    write_list(out / "packages.json", listed, corpus.kept)
    return said


def examples_of(
    texts: Sequence[SourceText], serving: Serving, limit: int, report: Report, *, seed: int
) -> list[Labelled]:
    """Up to `limit` examples in the languages' shares, shuffled."""
    by_language: dict[str, list[SourceText]] = defaultdict(list)
    for text in texts:
        by_language[text.language].append(text)
    chosen: list[Labelled] = []
    for language, share in LANGUAGE_SHARES.items():
        report(f"Cutting {language}")
        files, wanted = by_language[language], round(limit * share)
        rng = np.random.default_rng((seed, len(chosen), len(language)))
        order = rng.permutation(len(files))
        sizes = sum(len(file.text) for file in files)
        # As many holes of each file as its size has a part in, so that all packages are heard.
        density = min(1 / BYTES_PER_HOLE, wanted * 1.3 / max(sizes, 1))
        found: list[Labelled] = []
        for index in order:
            if len(found) >= wanted:
                break
            file = files[int(index)]
            count = min(MOST_HOLES, int(len(file.text) * density + rng.random()))
            for hole in cut(file.text, language, count, rng) if count else ():
                example = make_example(file.text, hole, language, serving, rng)
                if example is not None:
                    found.append(Labelled(example=example, kind=hole.kind, language=language))
        chosen += found[:wanted]
    order = np.random.default_rng((seed, 1)).permutation(len(chosen))
    return [chosen[int(index)] for index in order]


def make_example(
    text: str, hole: Cut, language: str, serving: Serving, rng: np.random.Generator
) -> Example | None:
    """The hole as the runtime would ask for it, with some of the text around; None where it is too long."""
    context = float(rng.uniform(*CONTEXT_TOKENS))
    before = context * float(rng.uniform(0.5, 1.0))
    prefix, suffix = _around(text, hole, before, context - before)
    request = FillRequest(
        prefix=prefix, suffix=suffix, mode=MODES[hole.kind], language=language, max_tokens=1
    )
    prompt = build_prompt(serving.manifest, serving.tokenizer, request)
    try:
        healed = prompt.healed.decode()
    except UnicodeDecodeError:
        return None  # the prefix's last token ends inside a character
    written = serving.tokenizer.encode(healed + text[hole.start : hole.end])
    span = [*written, *serving.ends[prompt.layout]]
    if len(span) > LONGEST_SPAN_TOKENS or len(span) < 2:
        return None
    return Example(prompt=np.array(prompt.ids, np.int64), span=np.array(span, np.int64))


def _around(text: str, hole: Cut, before_tokens: float, after_tokens: float) -> tuple[str, str]:
    """Whole lines on both sides, about as many tokens as said."""
    first = max(0, hole.start - int(before_tokens * CHARACTERS_PER_TOKEN))
    if first > 0:
        following = text.find("\n", first, hole.start)
        first = following + 1 if following >= 0 else text.rfind("\n", 0, hole.start) + 1
    last = hole.end + int(after_tokens * CHARACTERS_PER_TOKEN)
    if last < len(text):
        ending = text.rfind("\n", hole.end, last)
        last = ending + 1 if ending >= 0 else max(hole.end, text.find("\n", hole.end) + 1)
    return text[first : hole.start], text[hole.end : last]
