"""A source file of a given length, for measurements: the example files again and again under other names."""

import re
from dataclasses import dataclass

from lsp_server.cli.examples import example

_EXAMPLES = ("inventory.py", "intervals.py", "numerals.py")
_DEFINED = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
_WRITABLE = re.compile(r"^ +(?:return |\w+ = )(?=\S.{7,}$)")


@dataclass(frozen=True, slots=True)
class Gap:
    """Where a line is to be written on."""

    line: int
    column: int
    """Before the rest of the line."""
    rest: str
    """What the file has there."""


def long_file(lines: int) -> str:
    """Python code of exactly so many lines, each definition with a name of its own."""
    parts: list[str] = []
    count, number = 0, 0
    while count < lines:
        text = example(_EXAMPLES[number % len(_EXAMPLES)])
        for name in _DEFINED.findall(text):
            text = re.sub(rf"\b{name}\b", f"{name}_{number}", text)
        parts.append(f"{text.rstrip()}\n\n\n")
        count += parts[-1].count("\n")
        number += 1
    return "\n".join("".join(parts).split("\n")[:lines]) + "\n"


def gaps(text: str, count: int) -> list[Gap]:
    """`count` places, evenly spread, where a line's second half can be taken out and written again."""
    found = [
        Gap(number, match.end(), line[match.end() :])
        for number, line in enumerate(text.split("\n"))
        if (match := _WRITABLE.match(line))
    ]
    step = len(found) / count
    return [found[int(index * step)] for index in range(count)]
