"""A Neovim's screen as SVG: one shot, or a film that plays in a loop. Knows cells and colours, no Neovim."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.sax.saxutils import escape

from screen import Cell, Screen, Shot

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.4, 19, 14
BASELINE = 14
MARGIN, TITLE_HEIGHT = 14, 34
HOLD_S = 3.0
"""How long a film shows its last shot."""

DECORATIONS = {"underline": "underline", "undercurl": "underline wavy", "strikethrough": "line-through"}


@dataclass(frozen=True, slots=True)
class _Spell:
    """A stretch of a film in which something stays as it is: from second to second."""

    start: float
    end: float
    svg: str


def still(screen: Screen, title: str) -> str:
    """The screen as it is now."""
    return film(screen, [screen.shown], title)


def film(screen: Screen, shots: Sequence[Shot], title: str, *, slowed: float = 1.0) -> str:
    """Shots of a screen, each as long as it was there, times `slowed`; then it begins again."""
    begin = shots[0].seconds
    starts = [(shot.seconds - begin) * slowed for shot in shots]
    total = starts[-1] + HOLD_S
    times = list(zip(starts, [*starts[1:], total], strict=True))
    body = []
    for index in range(len(shots[0].rows)):
        drawn = [_row(screen, shot, index) for shot in shots]
        body += [_shown(spell, total) for spell in _spells(drawn, times) if spell.svg]
    return _window(screen, title, len(shots[0].rows[0]), len(shots[0].rows), "\n".join(body))


def _spells(drawn: Sequence[str], times: Sequence[tuple[float, float]]) -> Iterable[_Spell]:
    """What is drawn the same in shots that follow each other is drawn once."""
    for svg, group in groupby(zip(drawn, times, strict=True), key=lambda pair: pair[0]):
        spans = [span for _, span in group]
        yield _Spell(spans[0][0], spans[-1][1], svg)


def _shown(spell: _Spell, total: float) -> str:
    if spell.start <= 0 and spell.end >= total:
        return spell.svg
    start, end = spell.start / total, min(1.0, spell.end / total)
    states = [(0.0, "hidden"), (start, "visible"), (end, "hidden")]
    states = [state for state in states if state[0] < 1][1 if start <= 0 else 0 :]
    # Whoever plays no animations shows the last shot.
    resting = "visible" if end >= 1 else "hidden"
    return (
        f'<g visibility="{resting}"><animate attributeName="visibility" calcMode="discrete" '
        f'dur="{total:.2f}s" repeatCount="indefinite" values="{";".join(value for _, value in states)}" '
        f'keyTimes="{";".join(f"{moment:.4f}" for moment, _ in states)}"/>{spell.svg}</g>'
    )


def _row(screen: Screen, shot: Shot, index: int) -> str:
    """One row: backgrounds first, then its text in runs of one highlight, the cursor among them."""
    cursor = shot.cursor[1] if shot.cursor[0] == index else None
    cells = [(column, cell, column == cursor) for column, cell in enumerate(shot.rows[index])]
    backs, texts = [], []
    for (highlight, under, _), group in groupby(cells, key=lambda entry: _kind(entry[1], entry[0], entry[2])):
        run = list(group)
        colours = _colours(screen, highlight)
        x, text = run[0][0] * CELL_WIDTH, "".join(cell.text for _, cell, _ in run)
        width, y = len(run) * CELL_WIDTH, index * CELL_HEIGHT
        if under and shot.mode != "insert":
            colours = {**colours, "fill": colours["back"], "back": colours["fill"]}
        if colours["back"] != _hex(screen.colours["background"]):
            backs.append(_rectangle(x, y, width, colours["back"]))
        if under and shot.mode == "insert":
            backs.append(_rectangle(x, y, 2, _hex(screen.colours["foreground"])))
        if text.strip():
            texts.append(
                f'<text x="{x:.1f}" y="{y + BASELINE}" textLength="{width:.1f}" fill="{colours["fill"]}"'
                f"{colours['more']}>{escape(text)}</text>"
            )
    return "".join(backs + texts)


def _kind(cell: Cell, column: int, under_cursor: bool) -> tuple[int, bool, int]:
    """What makes neighbours one run; what fonts may draw in another width stands alone."""
    alone = not cell.text.isascii() or not cell.text
    return cell.highlight, under_cursor, (column - (not cell.text)) if alone else -1


def _rectangle(x: float, y: float, width: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{CELL_HEIGHT}" fill="{colour}"/>'


def _colours(screen: Screen, highlight: int) -> dict[str, str]:
    attributes = screen.highlights.get(highlight, {})
    fill = _hex(attributes.get("foreground", screen.colours["foreground"]))
    back = _hex(attributes.get("background", screen.colours["background"]))
    if attributes.get("reverse"):
        fill, back = back, fill
    more = ' font-weight="bold"' if attributes.get("bold") else ""
    more += ' font-style="italic"' if attributes.get("italic") else ""
    lines = [line for name, line in DECORATIONS.items() if attributes.get(name)]
    more += f' text-decoration="{lines[0]}"' if lines else ""
    return {"fill": fill, "back": back, "more": more}


def _hex(colour: int) -> str:
    return f"#{colour:06x}"


def _window(screen: Screen, title: str, columns: int, rows: int, body: str) -> str:
    width = columns * CELL_WIDTH + 2 * MARGIN
    height = rows * CELL_HEIGHT + TITLE_HEIGHT + MARGIN
    faint = _hex(screen.colours["foreground"])
    dots = "".join(
        f'<circle cx="{MARGIN + 6 + 18 * index}" cy="17" r="5.5" fill="{colour}"/>'
        for index, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" \
width="{width:.0f}" height="{height:.0f}" role="img" aria-label="{escape(title, {'"': "&quot;"})}">
<style>text{{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;\
font-size:{FONT_SIZE}px;white-space:pre}}</style>
<rect width="100%" height="100%" rx="8" fill="{_hex(screen.colours["background"])}" \
stroke="{faint}" stroke-opacity="0.25"/>
{dots}<text x="50%" y="22" text-anchor="middle" fill="{faint}" fill-opacity="0.6">{escape(title)}</text>
<g transform="translate({MARGIN},{TITLE_HEIGHT})">
{body}
</g>
</svg>
"""
