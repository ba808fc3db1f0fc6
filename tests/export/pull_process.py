"""One `pull` of the tiny model in a process of its own, for tests that kill it or run two.

Arguments: the hub's address, then `wait` to stop in the middle of the conversion until stdin
closes. Prints each new stage on stdout.
"""

import sys
from pathlib import Path
from typing import Any

import tiny_models

from export import catalogue
from export.pull import pull
from export.sources.hub import Hub

last = ""


def progress(label: str, _: float) -> None:
    global last  # noqa: PLW0603
    if label != last:
        last = label
        print(label, flush=True)


def convert(gguf: Path, out: Path, **settings: Any) -> Any:
    print("converter called", flush=True)
    if "wait" in sys.argv:
        (out / "model.onnx").write_bytes(b"half")
        print("converting", flush=True)
        sys.stdin.read()
        (out / "model.onnx").unlink()
    return tiny_models.convert(gguf, out, **settings)


catalogue.CATALOGUE = (tiny_models.ENTRY,)
print(pull("tiny", progress=progress, convert=convert, sources=(Hub(sys.argv[1]),)), flush=True)
