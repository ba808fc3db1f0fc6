"""Large matrices are quantised a few channels at a time, so that the work needs little memory of its own."""

from collections.abc import Iterator

MOST_NUMBERS = 1 << 24
"""Of a part: its float copies then take some hundred megabytes, however large the matrix is."""


def slices(channels: int, numbers_each: int) -> Iterator[slice]:
    """Parts of an axis of `channels`, each channel being `numbers_each` numbers."""
    step = max(1, MOST_NUMBERS // max(1, numbers_each))
    for start in range(0, channels, step):
        yield slice(start, min(start + step, channels))
