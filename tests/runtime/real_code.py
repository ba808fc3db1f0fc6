"""Holes cut into real code: the standard library and installed packages, at places drawn by a seed."""

import random
import sysconfig
from pathlib import Path

from runtime.request import FillRequest, Mode

CONTEXT_CHARACTERS = 200
MODES: tuple[Mode, ...] = ("line", "block", "region")


def real_files() -> list[Path]:
    """Source files of the standard library and of a few packages, in a fixed order."""
    paths = sysconfig.get_paths()
    library, packages = Path(paths["stdlib"]), Path(paths["purelib"])
    folders = [library, *(library / name for name in ("json", "asyncio", "email", "http"))]
    folders += [packages / name for name in ("numpy/lib", "rich", "hypothesis", "pygls")]
    return [file for folder in folders for file in sorted(folder.glob("[a-z]*.py"))]


def real_requests(count: int, *, max_tokens: int, seed: int = 0) -> list[FillRequest]:
    """Varied holes: at line starts, mid-line and inside words; some were filled before."""
    chance = random.Random(seed)
    files = real_files()
    found: list[FillRequest] = []
    while len(found) < count:
        text = chance.choice(files).read_text(encoding="utf-8")
        if len(text) < 4 * CONTEXT_CHARACTERS:
            continue
        start = chance.randrange(CONTEXT_CHARACTERS, len(text) - 2 * CONTEXT_CHARACTERS)
        if chance.random() < 0.5:  # an editor's hole mostly begins where a line does
            start = text.rindex("\n", 0, start) + 1
        end = start + chance.randrange(10, 200)
        removed = text[start:end]
        found.append(
            FillRequest(
                prefix=text[max(0, start - CONTEXT_CHARACTERS) : start],
                suffix=text[end : end + CONTEXT_CHARACTERS],
                mode=chance.choice(MODES),
                language="python",
                previous=removed if chance.random() < 0.3 else "",
                max_tokens=max_tokens,
            )
        )
    return found
