"""Draws the Neovim pictures in docs/ from the screen of a real Neovim, with the default model.

python tests/editors/nvim/pictures.py [--model NAME] [--version 0.12] [--out docs]
"""

import argparse
import tempfile
from pathlib import Path

import neovims
from neovim import ROOT
from picture import film, still
from screen import Shot
from user import SERVE, User

TITLE = "spanfill in Neovim"
NAMES = ("nvim-ghost-text.svg", "nvim-canvas.svg", "nvim-preview.svg", "nvim-fill.svg")
GHOST = '''from dataclasses import dataclass


@dataclass
class Item:
    name: str
    price: float


def total(items: list[Item]) -> float:
    """The price of all items together."""
    return sum('''
STUB = '''import re


def slug(title: str) -> str:
    """A title in lower case, words joined by dashes, without punctuation."""
    pass


print(slug("Filling code, block by block!"))
'''
LONGEST_S = 8.0
"""How long a film may last."""
SETTINGS = {"completion": {"budgetMs": 30_000}}
"""A picture may take its time."""


def main() -> None:
    """Fill real code in a real Neovim and keep what it looks like."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="a model's name or folder; the default model where it is absent")
    parser.add_argument("--version", default=neovims.VERSIONS[-1], choices=neovims.VERSIONS)
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        settings = SETTINGS | ({"model": {"name": options.model}} if options.model else {})
        user = User(
            neovims.find(options.version),
            Path(home) / "user",
            server=SERVE,
            colours={},
            rows=16,
            more="vim.o.laststatus = 0 vim.o.cmdheight = 0 vim.o.showmode = false vim.o.number = false",
            settings=settings,
        )
        try:
            drawn = _drawn(user)
        finally:
            user.leave()
    for name, svg in zip(NAMES, drawn, strict=True):
        (options.out / name).write_text(svg, encoding="utf-8")
        print(options.out / name)


def _drawn(user: User) -> list[str]:
    """The pictures in the order of their names."""
    user.open(GHOST, "shop.py")
    user.type("GA")
    user.until("ghost text", lambda: user.screen.drawn_in("Comment") and user.ghost)
    ghost = still(user.screen, TITLE)
    user.leaves_insert_mode()

    user.open(STUB, "slug.py")
    user.types("5G", row=4)
    shots = user.screen.film = [user.screen.shown]
    user.type("<Space>sF")
    user.event("SpanfillPreview")
    user.until("the preview drawn", lambda: user.screen.drawn_in("DiffAdd"))
    preview = still(user.screen, TITLE)
    half = shots[len(shots) // 2]
    user.type("<Tab>")
    user.event("SpanfillAccepted")
    user.until("the preview gone", lambda: not user.screen.drawn_in("DiffAdd"))
    user.screen.film = None
    return [ghost, film(user.screen, [half], TITLE), preview, _film(user, shots)]


def _film(user: User, shots: list[Shot]) -> str:
    """All of it in a few seconds: the title says how much faster than it was."""
    took_s = shots[-1].seconds - shots[0].seconds
    if took_s <= LONGEST_S:
        return film(user.screen, shots, TITLE)
    return film(
        user.screen, shots, f"{TITLE}, {took_s / LONGEST_S:.1f} times as fast", slowed=LONGEST_S / took_s
    )


if __name__ == "__main__":
    main()
