"""The default model itself behind VS Code: it loads, suggests, and fills on a canvas."""

from pathlib import Path

import pytest
from conftest import SERVE, Open

pytestmark = pytest.mark.real_model

CODE = '''def mean(values: list[float]) -> float:
    """The arithmetic mean of some numbers."""
    pass


def shortest(words: list[str]) -> str:
    """The shortest of some words."""
'''


def test_a_day_with_the_default_model(another: Open, default_model: Path, pictures: Path) -> None:
    window = another(SERVE, **{"model.name": str(default_model), "completion.budgetMs": 60000})
    window.sees_status("ready")
    path = window.open("words.py", CODE)
    window.at(8)
    window.type("    return ")
    suggested = window.until("a suggestion", lambda: window.ghost, bool)
    assert "words" in suggested
    window.page.screenshot(path=pictures / "ghost_text.png")
    window.press("Tab")
    window.sees_no_ghost()
    taken = CODE + "    return " + suggested
    window.saved(path, taken.encode())
    window.at(3)
    window.press("Control+Alt+Enter")
    window.sees_preview("return")
    window.page.screenshot(path=pictures / "preview.png")
    window.press("Escape")
    window.sees_no_canvas()
    assert path.read_bytes() == taken.encode()
