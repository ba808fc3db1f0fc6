"""Draws media/icon.png, 128 by 128: lines of code, one of which is settling out of masked slots.

Needs Python alone. The picture is computed at four times its size and averaged down.
"""

import struct
import zlib
from pathlib import Path

SIZE, FINE = 128, 4
BACKGROUND, TEXT, SETTLED, DRAFT, MASKED = "#14213d", "#8fa3c4", "#4ade80", "#c4b5fd", "#3b4d75"
BARS = [
    # left, top, width, colour; each 12 high
    (22, 24, 52, TEXT),
    (34, 46, 16, SETTLED), (54, 46, 24, SETTLED), (82, 46, 14, DRAFT),
    (34, 68, 22, SETTLED), (60, 68, 12, DRAFT), (76, 68, 12, MASKED), (92, 68, 12, MASKED),
    (34, 90, 14, DRAFT), (52, 90, 12, MASKED), (68, 90, 12, MASKED), (84, 90, 12, MASKED),
]  # fmt: skip
HEIGHT, CORNER, ROUND = 12, 4, 24


def inside(x: float, y: float, box: tuple[float, float, float, float], radius: float) -> bool:
    """Whether a point is in a rounded rectangle (left, top, right, bottom)."""
    left, top, right, bottom = box
    if not (left <= x < right and top <= y < bottom):
        return False
    nearest_x = min(max(x, left + radius), right - radius)
    nearest_y = min(max(y, top + radius), bottom - radius)
    return (x - nearest_x) ** 2 + (y - nearest_y) ** 2 <= radius**2


def rgba(x: float, y: float) -> tuple[int, int, int, int]:
    """The colour of a point; outside the rounded square nothing."""
    if not inside(x, y, (0, 0, SIZE, SIZE), ROUND):
        return (0, 0, 0, 0)
    colour = BACKGROUND
    for left, top, width, bar in BARS:
        if inside(x, y, (left, top, left + width, top + HEIGHT), CORNER):
            colour = bar
    return (*bytes.fromhex(colour[1:]), 255)


def pixel(column: int, row: int) -> bytes:
    """The average of a pixel's points, weighted by their opacity."""
    points = [
        rgba(column + (i + 0.5) / FINE, row + (j + 0.5) / FINE) for i in range(FINE) for j in range(FINE)
    ]
    alpha = sum(point[3] for point in points)
    if not alpha:
        return bytes(4)
    mixed = [round(sum(point[part] * point[3] for point in points) / alpha) for part in range(3)]
    return bytes([*mixed, alpha // len(points)])


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main() -> None:
    """Write the file."""
    rows = b"".join(b"\0" + b"".join(pixel(x, y) for x in range(SIZE)) for y in range(SIZE))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 6, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    png += chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    (Path(__file__).parent.parent / "media" / "icon.png").write_bytes(png)


if __name__ == "__main__":
    main()
