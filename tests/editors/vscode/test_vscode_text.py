"""Texts that are easily hurt land where they should: the bytes on the disk are compared."""

from pathlib import Path

import pytest
from workbench import Workbench


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("crlf.py", b"# engine: say answer(42)\r\ny =\r\nz = 2\r\n", b"\r\nz = 2\r\n"),
        ("tabs.py", b"# engine: say answer(42)\nif x:\n\ty =\n", b"\n"),
        ("wide.py", "# engine: say answer(42)\nx = '漢字カナ'; y =\n".encode(), b"\n"),
        # The scripted engine reads escapes.
        ("emoji.py", "# engine: say answer('\\U0001F600')\nx = '👩‍👩‍👧é'; y =\n".encode(), b"\n"),
    ],
    ids=["CRLF", "tabs", "wide", "emoji"],
)
def test_ghost_text_is_put_where_it_is_shown(
    window: Workbench, name: str, before: bytes, after: bytes
) -> None:
    answer = "answer('😀')" if name == "emoji.py" else "answer(42)"
    path = window.open(name, before)
    window.at(3 if name == "tabs.py" else 2)
    window.type(" ")
    window.sees_ghost(answer)
    window.press("Tab")
    window.sees_no_ghost()
    window.saved(path, before.removesuffix(after) + b" " + answer.encode() + after)


def test_a_fill_keeps_the_line_breaks(window: Workbench) -> None:
    source = "# engine: say a = '\\U0001F600'\\nb = 2\r\nx = '漢字'\r\ny = 1\r\nz = 2\r\n".encode()
    path = window.open("crlf_fill.py", source)
    window.select(3, 3)
    window.press("Control+Alt+Enter")
    window.sees_preview("b = 2")
    window.press("Tab")
    window.sees_no_canvas()
    window.saved(path, source.replace(b"y = 1", "a = '😀'\r\nb = 2".encode()))


def test_a_file_outside_the_folder(window: Workbench, tmp_path: Path) -> None:
    path = tmp_path / "outside.py"
    window.open(str(path), "# engine: say answer(42)\n")
    window.at(2)
    window.type("y = ")
    window.sees_ghost("answer(42)")
    window.press("Tab")
    window.saved(path, b"# engine: say answer(42)\ny = answer(42)")
