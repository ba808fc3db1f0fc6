"""Numerical parity of a model folder with its float32 graph, on real source text.

    python benchmarks/parity.py FOLDER --reference FOLDER [--tokens N] [--write]

The text is from the running Python's standard library. `--write` puts the report into FOLDER's
manifest.
"""

import argparse
import json
import platform
import sysconfig
from dataclasses import replace
from pathlib import Path

from export.parity import parity_report
from runtime.manifest import load_manifest, save_manifest

SOURCES = ("textwrap.py", "heapq.py", "json/decoder.py", "asyncio/queues.py", "shutil.py")
"""Each gives up to 512 tokens from a third of its length on, until there are enough."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reference", type=Path, required=True, help="folder of quantisation `none`")
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help="write the report into the folder's manifest")
    options = parser.parse_args()
    library = Path(sysconfig.get_paths()["stdlib"])
    texts = [(library / name).read_text(encoding="utf-8") for name in SOURCES]
    report = parity_report(options.folder, options.reference, texts, tokens=options.tokens)
    report["text"] = f"standard library of Python {platform.python_version()}: {', '.join(SOURCES)}"
    print(json.dumps(report, indent=2))
    if options.write:
        save_manifest(replace(load_manifest(options.folder), parity=report), options.folder)


if __name__ == "__main__":
    main()
