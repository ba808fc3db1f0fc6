"""The licence of converted weights: found in the checkpoint's own words, and passed on with it."""

import re
import shutil
from importlib import resources
from pathlib import Path

from runtime.manifest import Source

UNKNOWN = "unknown"
MODEL_CARD = "README.md"
TEXT_NAMES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE")
MOST_CARD_BYTES = 1 << 20

_DECLARED = re.compile(r"^license:\s*['\"]?([A-Za-z0-9.+-]+)['\"]?\s*$", re.MULTILINE)
_SPDX = {"apache-2.0": "Apache-2.0", "mit": "MIT", "cc-by-nc-4.0": "CC-BY-NC-4.0"}
"""Model cards write licences in lower case."""


def find_licence(checkpoint: Path) -> str:
    """The licence that a checkpoint's model card declares in its head; `unknown` where it doesn't."""
    card = checkpoint / MODEL_CARD
    if not card.is_file():
        return UNKNOWN
    with card.open(encoding="utf-8", errors="replace") as file:
        text = file.read(MOST_CARD_BYTES)
    if not text.startswith("---"):
        return UNKNOWN
    found = _DECLARED.search(text.split("\n---", 1)[0])
    return _SPDX.get(found[1].lower(), found[1]) if found else UNKNOWN


def write_licence(
    out: Path, licence: str, source: Source, *, changes: str, checkpoint: Path | None = None
) -> None:
    """Write NOTICE, and LICENSE where its text is at hand: in the checkpoint's folder or known here.

    `changes` says what was done to the weights, which most licences want to be told.
    """
    known = resources.files("export") / "licences" / f"{licence}.txt"
    own = next(
        (path for name in TEXT_NAMES if checkpoint is not None and (path := checkpoint / name).is_file()),
        None,
    )
    if own is not None:
        shutil.copyfile(own, out / "LICENSE")
    elif known.is_file():
        with resources.as_file(known) as path:
            shutil.copyfile(path, out / "LICENSE")
    terms = (
        f"licensed under {licence}"
        if licence != UNKNOWN
        else "whose licence its files don't name: see where it was published"
    )
    (out / "NOTICE").write_text(
        f"The weights in this folder were converted from {source.repository}\n"
        f"(file {source.file}, revision {source.revision}), {terms}.\n"
        f"Changes: {changes}\n",
        encoding="utf-8",
    )
