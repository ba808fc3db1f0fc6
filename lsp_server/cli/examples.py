"""The example files that come with spanfill: real code for the demo and the benchmark."""

from pathlib import Path

from runtime.errors import InputError

EXAMPLES = ("inventory.py", "intervals.py", "lru_cache.ts", "numerals.py")


def example(name: str) -> str:
    """The text of an example file.

    Raises:
        InputError: it is missing from this installation.
    """
    package = Path(__file__).parents[1]
    # A wheel has the files inside the package; a checkout has them beside it.
    for folder in (package / "examples", package.parent / "examples"):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8")
    raise InputError(f"The example file {name} is missing. Install spanfill again.")
