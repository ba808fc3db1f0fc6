"""What a Neovim shows: cells with their highlights, kept from its redraw events (`:help ui-linegrid`)."""

import time
from dataclasses import dataclass, field
from typing import Any

BLANK = " "
DEFAULT = 0
"""The id of the default highlight."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of one row. The right half of a wide character is an empty text."""

    text: str = BLANK
    highlight: int = DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """The screen at one moment."""

    rows: tuple[tuple[Cell, ...], ...] = ()
    cursor: tuple[int, int] = (0, 0)
    """Row and column, from 0."""
    mode: str = "normal"
    seconds: float = 0.0
    """When, by a monotonic clock."""

    def lines(self) -> list[str]:
        """The rows as text, blanks at their ends cut off."""
        return ["".join(cell.text for cell in row).rstrip() for row in self.rows]


@dataclass(slots=True)
class Screen:
    """The global grid. What it is told of becomes visible when a redraw ends, never in between."""

    shown: Shot = field(default_factory=Shot)
    highlights: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Attributes by highlight id (foreground, background, bold, …) as `hl_attr_define` gives them."""
    groups: dict[int, frozenset[str]] = field(default_factory=dict)
    """The names of the highlight groups behind a highlight id."""
    colours: dict[str, int] = field(default_factory=lambda: {"foreground": 0xFFFFFF, "background": 0})
    """The default colours."""
    film: list[Shot] | None = None
    """A list put here gets every shot from then on."""
    _rows: list[list[Cell]] = field(default_factory=list)
    _cursor: tuple[int, int] = (0, 0)
    _mode: str = "normal"

    def apply(self, event: str, arguments: list[Any]) -> None:
        """Take one redraw event; those that say nothing of the grid are left alone."""
        handler = getattr(self, f"_{event}", None)
        if handler is not None:
            handler(*arguments)

    def lines(self) -> list[str]:
        """The rows as text, blanks at their ends cut off."""
        return self.shown.lines()

    def text(self) -> str:
        """The whole screen as text."""
        return "\n".join(self.lines())

    def drawn_in(self, group: str) -> list[str]:
        """The text of each row that is drawn in a highlight group, rows without any left out."""
        wanted = {identifier for identifier, names in list(self.groups.items()) if group in names}
        rows = self.shown.rows
        found = ("".join(cell.text for cell in row if cell.highlight in wanted) for row in rows)
        return [text for text in found if text]

    def _flush(self) -> None:
        rows = tuple(map(tuple, self._rows))
        self.shown = Shot(rows=rows, cursor=self._cursor, mode=self._mode, seconds=time.monotonic())
        if self.film is not None:
            self.film.append(self.shown)

    def _grid_resize(self, _grid: int, width: int, height: int) -> None:
        self._rows = [[Cell()] * width for _ in range(height)]

    def _grid_clear(self, _grid: int) -> None:
        self._rows = [[Cell()] * len(row) for row in self._rows]

    def _grid_line(
        self, _grid: int, row: int, column: int, cells: list[list[Any]], _wrap: bool = False
    ) -> None:
        highlight = DEFAULT
        for text, *rest in cells:
            highlight = rest[0] if rest else highlight  # absent means: as the cell before
            for _ in range(rest[1] if len(rest) > 1 else 1):
                self._rows[row][column] = Cell(text, highlight)
                column += 1

    def _grid_scroll(
        self, _grid: int, top: int, bottom: int, left: int, right: int, count: int, _columns: int
    ) -> None:
        order = range(top, bottom - count) if count > 0 else range(bottom - 1, top - count - 1, -1)
        for row in order:
            self._rows[row][left:right] = self._rows[row + count][left:right]

    def _grid_cursor_goto(self, _grid: int, row: int, column: int) -> None:
        self._cursor = (row, column)

    def _mode_change(self, mode: str, _index: int) -> None:
        self._mode = mode

    def _default_colors_set(self, foreground: int, background: int, *_rest: int) -> None:
        self.colours = {"foreground": foreground, "background": background}

    def _hl_attr_define(
        self, identifier: int, attributes: dict[str, Any], _terminal: Any, info: list[dict[str, Any]]
    ) -> None:
        self.highlights[identifier] = attributes
        names = {entry.get(key, "") for entry in info for key in ("hi_name", "ui_name")}
        self.groups[identifier] = frozenset(names - {""})
