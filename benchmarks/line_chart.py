"""Draws lines through points as SVG: panels side by side, one legend below.

Knows numbers and names; does not know what they measure. The colours are of middle brightness, and the
background is left open, so that a picture reads on light and dark pages alike.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

INK = "#7d8590"
"""Text and axes: about as far from white as from black."""

COLOURS = ("#d1606a", "#4f8fd9", "#3f9f6b", "#c98a1b", "#9b72cf", "#2f9fa8")
MARKERS = ("circle", "square", "triangle")

PANEL_WIDTH, PANEL_HEIGHT = 270, 240
LEFT, TOP, GAP = 56, 64, 34
LEGEND_COLUMNS, LEGEND_ROW = 5, 20
AXIS_SPACE = 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One measurement."""

    x: float
    """Greater than 0: the axis is logarithmic."""
    y: float
    """From 0 to 1, shown in per cent."""
    note: str
    """Shown while the pointer rests on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One pair of axes."""

    title: str
    lines: Mapping[str, Sequence[Point]]
    """Points by the name of their line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a line is told from others."""

    colour: str
    marker: str


def styles(groups: Sequence[Sequence[str]]) -> dict[str, Style]:
    """A style for each name: a marker for each group, a colour for each name in it."""
    return {
        name: Style(colour=COLOURS[index % len(COLOURS)], marker=MARKERS[number % len(MARKERS)])
        for number, group in enumerate(groups)
        for index, name in enumerate(group)
    }


def draw(
    panels: Sequence[Panel], look: Mapping[str, Style], *, title: str, x_label: str, y_label: str
) -> str:
    """An SVG document of at least one panel; all share the range of their axes."""
    points = [point for panel in panels for line in panel.lines.values() for point in line]
    axes = _Axes.around(points)
    names = [name for name in look if any(name in panel.lines for panel in panels)]
    width = LEFT + len(panels) * (PANEL_WIDTH + GAP)
    legend_top = TOP + PANEL_HEIGHT + AXIS_SPACE
    height = legend_top + LEGEND_ROW * math.ceil(len(names) / LEGEND_COLUMNS) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{_attribute(title)}" fill="{INK}" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<text x="{LEFT}" y="24" font-size="15" font-weight="600">{escape(title)}</text>',
        _text(16, TOP + PANEL_HEIGHT / 2, y_label, turned=True),
    ]
    for number, panel in enumerate(panels):
        left = LEFT + number * (PANEL_WIDTH + GAP)
        parts.append(f'<g transform="translate({left} {TOP})">')
        parts += axes.frame(panel.title, x_label, with_numbers=number == 0)
        for name in names:
            parts += _line(axes, panel.lines.get(name, ()), look[name])
        parts.append("</g>")
    column = (width - LEFT) / LEGEND_COLUMNS
    for number, name in enumerate(names):
        x = LEFT + number % LEGEND_COLUMNS * column
        y = legend_top + number // LEGEND_COLUMNS * LEGEND_ROW
        parts.append(_marker(look[name], x + 5, y))
        parts.append(f'<text x="{x + 16:.1f}" y="{y + 4}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>\n"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axes:
    """Where numbers lie in a panel."""

    low: int
    high: int
    """Powers of two that bound x."""
    bottom: float
    top: float

    @staticmethod
    def around(points: Sequence[Point]) -> "_Axes":
        low = math.floor(math.log2(min(point.x for point in points)))
        high = max(low + 1, math.ceil(math.log2(max(point.x for point in points))))
        bottom = math.floor(min(point.y for point in points) * 10) / 10
        top = max(bottom + 0.1, math.ceil(max(point.y for point in points) * 10) / 10)
        return _Axes(low=low, high=high, bottom=bottom, top=top)

    def x(self, value: float) -> float:
        return (math.log2(value) - self.low) / (self.high - self.low) * PANEL_WIDTH

    def y(self, value: float) -> float:
        return PANEL_HEIGHT * (1 - (value - self.bottom) / (self.top - self.bottom))

    def frame(self, title: str, x_label: str, *, with_numbers: bool) -> list[str]:
        parts = [f'<text x="0" y="-12" font-weight="600">{escape(title)}</text>']
        step = 0.1 if self.top - self.bottom > 0.25 else 0.05
        for number in range(round((self.top - self.bottom) / step) + 1):
            value = self.bottom + number * step
            y = self.y(value)
            parts.append(
                f'<line x1="0" y1="{y:.1f}" x2="{PANEL_WIDTH}" y2="{y:.1f}" stroke="{INK}" opacity="0.25"/>'
            )
            if with_numbers:
                parts.append(f'<text x="-8" y="{y + 4:.1f}" text-anchor="end">{100 * value:.0f}</text>')
        for power in range(self.low, self.high + 1):
            x = self.x(2.0**power)
            parts.append(
                f'<line x1="{x:.1f}" y1="{PANEL_HEIGHT}" x2="{x:.1f}" y2="{PANEL_HEIGHT + 5}" '
                f'stroke="{INK}"/>'
            )
            parts.append(_text(x, PANEL_HEIGHT + 19, f"{2.0**power:g}"))
        parts.append(
            f'<line x1="0" y1="{PANEL_HEIGHT}" x2="{PANEL_WIDTH}" y2="{PANEL_HEIGHT}" stroke="{INK}"/>'
        )
        parts.append(_text(PANEL_WIDTH / 2, PANEL_HEIGHT + 37, x_label))
        return parts


def _line(axes: _Axes, points: Sequence[Point], style: Style) -> list[str]:
    ordered = sorted(points, key=lambda point: point.x)
    places = [(axes.x(point.x), axes.y(point.y)) for point in ordered]
    parts: list[str] = []
    if len(places) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{style.colour}" stroke-width="1.5" '
            'opacity="0.7"/>'
        )
    for point, (x, y) in zip(ordered, places, strict=True):
        parts.append(_marker(style, x, y, point.note))
    return parts


def _marker(style: Style, x: float, y: float, note: str = "") -> str:
    title = f"<title>{escape(note)}</title>" if note else ""
    match style.marker:
        case "circle":
            shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{style.colour}">{title}</circle>'
        case "square":
            shape = (
                f'<rect x="{x - 3.6:.1f}" y="{y - 3.6:.1f}" width="7.2" height="7.2" '
                f'fill="{style.colour}">{title}</rect>'
            )
        case _:
            corners = f"{x:.1f},{y - 4.8:.1f} {x + 4.6:.1f},{y + 3.4:.1f} {x - 4.6:.1f},{y + 3.4:.1f}"
            shape = f'<polygon points="{corners}" fill="{style.colour}">{title}</polygon>'
    return shape


def _text(x: float, y: float, text: str, *, turned: bool = False) -> str:
    turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle"{turn}>{escape(text)}</text>'


def _attribute(text: str) -> str:
    return escape(text, {'"': "&quot;"})
