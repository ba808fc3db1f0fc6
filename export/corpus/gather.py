"""The texts of a corpus: fit files of packages, none twice, none that evaluation tasks are made of."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from export.corpus import registries
from export.corpus.archives import language_of, read_files
from export.corpus.packages import Package
from export.corpus.source_files import Duplicates, HeldOut, clean
from runtime.errors import InputError

SPLITS = ("validation", "train")
"""Validation first, so that what is in both is kept out of training."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SourceText:
    """One file that is fit to learn from."""

    text: str
    language: str
    """Language id."""
    archive: str
    """Which package it is of."""


@dataclass(slots=True)
class Gathered:
    """The kept texts, and why others were not."""

    texts: dict[str, list[SourceText]] = field(default_factory=lambda: {name: [] for name in SPLITS})
    kept: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Files and bytes by archive."""
    dropped: dict[str, int] = field(
        default_factory=lambda: {"unfit": 0, "held out": 0, "duplicate": 0, "limit": 0}
    )


def gather(
    listed: Sequence[Package],
    archives: Path,
    held_out: HeldOut,
    report: Report,
    *,
    languages: Collection[str],
    limit_bytes: int,
) -> Gathered:
    """The texts of both splits; no package gives more than `limit_bytes`.

    Raises:
        InputError: an archive's licence is not permissive, or is not what the list says.
    """
    gathered = Gathered()
    duplicates = Duplicates()
    for package in sorted(listed, key=lambda package: (SPLITS.index(package.split), package.name)):
        report(f"Reading {package.name}")
        archive = archives / package.archive
        found = registries.describe(archive, package.registry)
        if found is None or found.licence != package.licence:
            raise InputError(
                f"The licence of {package.name} {package.version} is not {package.licence}, "
                "as the list says. Remove it from the list."
            )
        texts: list[SourceText] = []
        size = 0
        sources = read_files(archive, lambda path: language_of(path) in languages)
        # By hash, so that the limit takes files from all over the package.
        for path, raw in sorted(sources, key=lambda source: hashlib.sha256(source[0].encode()).digest()):
            text = clean(path, raw)
            if text is None:
                gathered.dropped["unfit"] += 1
            elif size + len(text) > limit_bytes:
                gathered.dropped["limit"] += 1
            elif held_out.shares(text):
                gathered.dropped["held out"] += 1
            elif not duplicates.is_new(text):
                gathered.dropped["duplicate"] += 1
            else:
                texts.append(SourceText(text, language_of(path) or "", package.archive))
                size += len(text.encode())
        gathered.texts[package.split] += texts
        gathered.kept[package.archive] = (len(texts), size)
    return gathered
