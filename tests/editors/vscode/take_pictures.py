"""Takes the pictures in docs/ of the VS Code extension with the default model: `make editor-pictures`.

No test by its name, so that it runs only when it is named: it uses the tests' windows and writes into docs/.
"""

import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from conftest import ROOT, SERVE, Open
from PIL import Image
from workbench import Workbench

DOCS = ROOT / "docs"
MEDIA = ROOT / "editors" / "vscode" / "media"
"""The film is in the extension's own readme, which is packaged."""
SIZE = {"width": 860, "height": 480}

NUMBERS = '''"""What a list of numbers has to say."""


def mean(numbers: list[float]) -> float:
    """The arithmetic mean."""
    return sum(numbers) / len(numbers)


def median(numbers: list[float]) -> float:
    """The middle number, or the mean of the two in the middle."""
    pass


def spread(numbers: list[float]) -> float:
    """The distance of the largest from the smallest."""
'''
STUB_LINE, END_LINE = 11, 16

FILM_COLOURS = 64
LONGEST_S = 5.0
"""A fill that took longer is shown in this time, its passes evenly quickened."""
LAST_S = 3.0
"""How long the film shows its end."""


@dataclass(frozen=True, slots=True)
class Shot:
    """What was on the screen from a moment on."""

    seconds: float
    picture: Path
    text: str


def test_take_the_pictures(another: Open, default_model: Path, tmp_path: Path) -> None:
    window = another(SERVE, **{"model.name": str(default_model), "completion.budgetMs": 60000})
    window.page.set_viewport_size(SIZE)  # type: ignore[arg-type]
    window.sees_status("ready")
    window.open("numbers.py", NUMBERS)
    window.press("Control+B")
    _ghost_text(window)
    shots = _fill(window, tmp_path)
    middle = len(shots) // 2
    Image.open(shots[middle].picture).save(DOCS / "vscode-canvas.png", optimize=True)
    Image.open(shots[-1].picture).save(DOCS / "vscode-preview.png", optimize=True)
    window.press("Tab")
    window.sees_no_canvas()
    shots.append(_shot(window, tmp_path, len(shots), time.monotonic()))
    _film(shots, MEDIA / "fill.gif")


def _ghost_text(window: Workbench) -> None:
    window.at(END_LINE)
    window.type("    return ")
    window.until("a suggestion", lambda: window.ghost, bool)
    window.page.screenshot(path=DOCS / "vscode-ghost-text.png")
    window.press("Tab")
    window.sees_no_ghost()


def _fill(window: Workbench, folder: Path) -> list[Shot]:
    """Fill a function's body; every canvas that could be caught, from the stub to the preview."""
    window.at(STUB_LINE)
    shots = [_shot(window, folder, 0, time.monotonic())]
    window.press("Control+Alt+Enter")
    while True:
        text, lenses = window.canvas_text, window.lenses
        if text and text + lenses != shots[-1].text:
            shots.append(_shot(window, folder, len(shots), time.monotonic(), text + lenses))
        if "Accept" in lenses:
            return shots
        window.page.wait_for_timeout(10)


def _shot(window: Workbench, folder: Path, index: int, seconds: float, text: str = "") -> Shot:
    picture = folder / f"{index}.png"
    window.page.screenshot(path=picture)
    return Shot(seconds, picture, text)


def _film(shots: list[Shot], path: Path) -> None:
    """An animated picture of the shots, each as long as it was there, or all shorter."""
    frames = [Image.open(shot.picture).convert("RGB").quantize(FILM_COLOURS) for shot in shots]
    moments = [shot.seconds for shot in shots]
    pace = min(1.0, LONGEST_S / (moments[-2] - moments[0]))
    lasting = [1000 * pace * (after - before) for before, after in pairwise(moments)]
    # The stub and the preview are looked at for a moment, however quick the fill was.
    lasting[0], lasting[-1] = 1000.0, 1500.0
    frames[0].save(
        path,
        save_all=True,
        append_images=frames[1:],
        duration=[max(40, round(ms)) for ms in [*lasting, 1000 * LAST_S]],
        loop=0,
        optimize=True,
    )
