import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from lsp_server.cli import demo
from lsp_server.cli.canvas_view import STYLES, CanvasView
from lsp_server.cli.examples import example
from runtime import InputError, ModelError, SlotState

MASKED, DRAFT, COMMITTED = SlotState.MASKED, SlotState.DRAFT, SlotState.COMMITTED


def console(height: int = 40, width: int = 60) -> Console:
    return Console(
        file=StringIO(),
        force_terminal=True,
        width=width,
        height=height,
        color_system="standard",
        legacy_windows=False,
        record=True,
    )


def view(before: str, after: str, first_line: int, *, height: int = 40, width: int = 60) -> CanvasView:
    return CanvasView(console(height, width), before, after, first_line=first_line, language="python")


def shown(drawing: object, height: int = 40, width: int = 60) -> str:
    target = console(height, width)
    target.print(drawing)
    return target.export_text()


def test_a_canvas_between_its_context() -> None:
    canvas = view("def f():\n    ", "\n\nf()\n", 1)
    drawing = canvas.drawn([("return ", COMMITTED), ("12", DRAFT), ("░░", MASKED)], "pass 1")
    assert shown(drawing).splitlines()[:4] == ["1   def f():", "2 ▌     return 12░░", "3   ", "4   f()"]


def test_slot_states_have_their_own_looks() -> None:
    canvas = view("", "", 0)
    target = console()
    target.print(canvas.drawn([("a", COMMITTED), ("b", DRAFT), ("░", MASKED)], ""))
    styled = target.export_text(styles=True)
    assert len(set(STYLES.values())) == 3
    assert "\x1b[33mb" in styled
    assert "\x1b[2;36m░" in styled


def test_text_can_not_move_the_cursor() -> None:
    canvas = view("a\r\n", "", 1)
    drawn = shown(canvas.drawn([("\x1b[2Jb\tc\x9b\x07\r\nd", COMMITTED)], ""))
    assert drawn.splitlines()[:3] == ["1   a", "2 ▌ [2Jb    c", "3 ▌ d"]


def test_the_place_being_filled_stays_in_sight() -> None:
    canvas = view("before\n" * 30, "\nafter" * 30, 30, height=12)
    text = "\n".join(f"line {number}" for number in range(40))
    lines = shown(canvas.drawn([(text, COMMITTED), ("░", MASKED)], "status"), height=12).splitlines()
    assert len(lines) <= 11
    assert any("line 39░" in line for line in lines)
    assert any("after" in line for line in lines)


def test_long_lines_are_cut() -> None:
    canvas = view("x = " + "1" * 500, "", 0, width=40)
    assert all(len(line) <= 40 for line in shown(canvas.drawn([("░", MASKED)], ""), width=40).splitlines())


def test_settled_code_is_whole() -> None:
    canvas = view("def f():\n", "\nf()\n", 1)
    assert shown(canvas.settled("    return 1", "done")).splitlines()[:3] == [
        "1   def f():",
        "2 ▌     return 1",
        "3   f()",
    ]


@pytest.mark.parametrize("scene", demo.SCENES, ids=lambda scene: scene.file)
def test_scenes_show_code_and_keep_the_answer_to_themselves(scene: demo.Scene) -> None:
    filling = demo.staged(scene)
    assert filling.request.previous == ""
    assert filling.hole.mode == scene.mode
    assert scene.after in filling.before
    assert scene.before in filling.after
    taken = filling.document.text[filling.hole.start : filling.hole.end]
    if scene.mode == "region":
        assert "self.items[item.sku] = item" in taken
        assert taken.strip() not in filling.request.prefix + filling.request.suffix
    else:
        assert not taken.strip()


def test_a_missing_example_is_one_sentence() -> None:
    with pytest.raises(InputError, match=r"none\.py"):
        example("none.py")


def test_the_default_model_is_pulled_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPANFILL_HOME", str(tmp_path))
    pulled = []
    monkeypatch.setattr("export.pull.pull", lambda **options: pulled.append(options))
    demo.set_up(None)
    demo.set_up("default")
    assert len(pulled) == 2
    with pytest.raises(ModelError):
        demo.set_up("another")
    assert len(pulled) == 2


@pytest.mark.real_model
def test_the_demo_without_a_terminal(default_model: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lsp_server.cli.main", "demo", "--model", str(default_model)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" tokens a pass") == len(demo.SCENES)
    assert done.stdout.count(" tokens/s") == len(demo.SCENES)
    function = done.stdout[done.stdout.index("def to_roman") : done.stdout.index("def from_roman")]
    scope: dict[str, object] = {}
    values = example("numerals.py")
    exec(values[: values.index("def to_roman")] + function, scope)
    assert scope["to_roman"](1994) == "MCMXCIV"  # type: ignore[operator]
    assert "self.items[item.sku] = item" in done.stdout
