"""Roman numerals: written, read and checked. `to_roman` is left for spanfill to write."""

NUMERALS = [
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
]  # fmt: skip
VALUES = {letters: value for value, letters in NUMERALS}


def to_roman(number: int) -> str:
    """A number from 1 to 3999 in Roman numerals, such as MCMXCIV for 1994."""


def from_roman(numeral: str) -> int:
    """The number that a Roman numeral stands for."""
    total = 0
    previous = 0
    for letter in reversed(numeral):
        value = VALUES[letter]
        if value < previous:
            total -= value
        else:
            total += value
        previous = value
    return total


def is_roman(text: str) -> bool:
    """Whether a text is a Roman numeral in its usual form."""
    if not text or any(letter not in VALUES for letter in text):
        return False
    return to_roman(from_roman(text)) == text
