"""Fills on a live canvas in VS Code: slots settle, and the preview is taken, tried again or thrown away."""

from pathlib import Path

from workbench import Workbench

ANSWER = "    total = 0\\n    for item in items:\\n        total += item\\n    return total"
TEXT = ANSWER.replace("\\n", "\n")
STUB = "def add(items):\n    # engine: {0}\n    pass\n"
MASKED, DRAFT, SETTLED = "rgb(91, 123, 184)", "rgb(196, 181, 253)", "rgba(46, 160, 67, "
"""The colours that the extension declares for dark themes."""


def filling(window: Workbench, name: str, directive: str) -> Path:
    """Fill the last line of a function."""
    path = window.open(name, STUB.format(directive))
    window.select(3, 3)
    window.press("Control+Alt+Enter")
    return path


def test_slots_are_seen_settling(window: Workbench, tmp_path: Path, pictures: Path) -> None:
    gate = tmp_path / "gate"
    path = filling(window, "settling.py", f"gate {gate} {ANSWER}")
    window.until(
        "masks and settled text", lambda: window.canvas_text, lambda seen: "░" in seen and "total" in seen
    )
    window.until(
        "drafts", lambda: [run for line in window.canvas for run in line if run["color"] == DRAFT], bool
    )
    runs = [run for line in window.canvas for run in line]
    masked = {run["color"] for run in runs if "░" in run["text"]}
    assert masked == {MASKED}
    assert all(run["italic"] for run in runs if run["color"] == DRAFT)
    assert any(ground.startswith(SETTLED) for ground in window.canvas_grounds)
    window.until("the lens", lambda: window.lenses, lambda seen: "Filling" in seen)
    assert any(title.startswith("spanfill: settling.py") for title in window.tabs)
    window.page.screenshot(path=pictures / "half_settled.png")
    assert path.read_text() == STUB.format(f"gate {gate} {ANSWER}")  # nothing is edited before it is taken
    gate.touch()
    window.sees_preview("return total")
    assert "░" not in window.canvas_text
    window.press("Escape")
    window.sees_no_canvas()


def test_a_preview_is_taken_with_tab_and_undone_in_one_step(window: Workbench) -> None:
    path = filling(window, "taken_fill.py", f"say {ANSWER}")
    stub = STUB.format(f"say {ANSWER}")
    window.sees_preview("return total")
    window.press("Tab")
    window.sees_no_canvas()
    window.saved(path, stub.replace("    pass", TEXT).encode())
    window.press("Control+Z")
    window.saved(path, stub.encode())


def test_escape_leaves_the_text_and_the_selection(window: Workbench) -> None:
    path = filling(window, "left.py", f"say {ANSWER}")
    window.sees_preview("return total")
    window.press("Escape")
    window.sees_no_canvas()
    window.press("Control+C", "ArrowRight", "Enter", "Control+V")
    window.saved(path, (STUB.format(f"say {ANSWER}").removesuffix("\n") + "\n        pass\n").encode())


def test_escape_stops_a_running_fill(window: Workbench, tmp_path: Path) -> None:
    path = filling(window, "stopped.py", f"gate {tmp_path / 'never'} {ANSWER}")
    window.until("the canvas", lambda: window.canvas_text, lambda seen: "░" in seen)
    window.press("Escape")
    window.sees_no_canvas()
    window.sees_status("ready")
    assert path.read_text() == STUB.format(f"gate {tmp_path / 'never'} {ANSWER}")


def test_it_is_filled_again(window: Workbench) -> None:
    path = filling(window, "again.py", "count")
    window.sees_preview("call")
    first = window.canvas_text
    window.press("Control+Alt+Enter")
    second = window.until(
        "another text", lambda: window.canvas_text, lambda seen: "call" in seen and seen != first
    )
    window.sees_preview("call")
    window.press("Tab")
    window.sees_no_canvas()
    window.saved(path, (second.rstrip("\n") + "\n").encode())


def test_the_body_of_a_function_is_filled(window: Workbench) -> None:
    path = window.open("body.py", "# engine: say     return a + b\ndef add(a, b):\n    pass\n\n\nx = 1\n")
    window.at(3)
    window.press("Control+Alt+Enter")
    window.sees_preview("return a + b")
    window.press("Tab")
    window.sees_no_canvas()
    window.press("Control+S")
    window.until(
        "filled", path.read_text, lambda text: "return a + b\n\n\nx = 1\n" in text and "pass" not in text
    )


def test_a_selection_is_rewritten_as_told(window: Workbench) -> None:
    path = window.open("rewritten.py", "# engine: describe\nx = 1\n")
    window.select(2, 2)
    window.press("Control+Alt+R")
    window.page.wait_for_selector(".quick-input-widget input:focus")
    window.type("use a tuple")
    window.press("Enter")
    window.sees_preview("use a tuple")
    assert "region|chat|" in window.canvas_text
    window.press("Escape")
    window.sees_no_canvas()
    assert path.read_text() == "# engine: describe\nx = 1\n"


def test_a_problem_is_offered_to_be_fixed(window: Workbench) -> None:
    window.open("problem.js", "// @ts-check\n// engine: describe\nconst n = 1;\nn.shrink();\n")
    window.page.wait_for_selector(".monaco-editor.focused .squiggly-error")
    window.at(4, 4)
    window.press("Control+Period")
    window.page.locator(".action-widget .monaco-list-row", has_text="Fix").first.wait_for()
    window.press("Escape")
    window.command("spanfill: Fix Problem at Cursor")
    window.sees_preview("shrink")
    window.press("Escape")
    window.sees_no_canvas()


def test_an_explanation_opens_beside_the_text(window: Workbench) -> None:
    path = window.open("explained.py", "x = 1 + 2\n")
    window.select(1, 1)
    window.command("spanfill: Explain Selection")
    window.until("the panel", lambda: window.tabs, lambda titles: "Explanation" in titles)
    window.until(
        "the explanation", lambda: window.panels, lambda seen: "value" in seen
    )  # what it always says
    window.command("View: Close Editors in Other Groups")
    window.until("the panel gone", lambda: window.tabs, lambda titles: "Explanation" not in titles)
    assert path.read_text() == "x = 1 + 2\n"
