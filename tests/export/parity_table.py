"""The parity table: how far each family's graph is from the PyTorch reference."""

from collections.abc import Callable, Iterator, Sequence
from string import ascii_uppercase
from typing import NamedTuple

RecordParity = Callable[[str, str, str, float, float], None]
"""Called with the family, the check, the numbers' type, the largest difference and its bound."""


class Row(NamedTuple):
    """One measurement."""

    family: str
    check: str
    numbers: str
    difference: float
    bound: float


def table_lines(rows: Sequence[Row]) -> Iterator[str]:
    """A table for each type of numbers: families down, checks across, the worst difference in each cell."""
    checks = list(dict.fromkeys(row.check for row in rows))
    letters = dict(zip(checks, ascii_uppercase, strict=False))
    width = max(len(row.family) for row in rows) + 1
    for check, letter in letters.items():
        yield f"{letter}  {check}"
    for numbers in dict.fromkeys(row.numbers for row in rows):
        part = [row for row in rows if row.numbers == numbers]
        shown = [check for check in checks if any(row.check == check for row in part)]
        bound = max(row.bound for row in part)
        yield ""
        yield f"{f'{numbers} ≤ {bound:.0e}':{width}}" + "".join(f"{letters[check]:>9}" for check in shown)
        for family in dict.fromkeys(row.family for row in part):
            yield f"{family:{width}}" + "".join(_cell(part, family, check) for check in shown)


def _cell(rows: Sequence[Row], family: str, check: str) -> str:
    found = [row.difference for row in rows if (row.family, row.check) == (family, check)]
    return f"{max(found):9.1e}" if found else " " * 9
