"""Ghost text in VS Code: it appears, follows the typing, is taken whole or in part, and goes."""

from workbench import Workbench

LINES = "# engine: say if a:\\n    return b\\nreturn a\ndef pick(a, b):\n"


def suggested(window: Workbench, name: str, answer: str, typed: str = "y = ") -> bytes:
    """A file with ghost text behind what was typed; its bytes so far come back."""
    text = f"# engine: say {answer}\n"
    window.open(name, text)
    window.at(2)
    window.type(typed)
    window.sees_ghost(answer)
    return (text + typed).encode()


def test_a_suggestion_is_shown_and_taken_with_tab(window: Workbench) -> None:
    before = suggested(window, "taken.py", "answer(42)")
    assert window.lines[1] == "y = "
    window.press("Tab")
    window.sees_no_ghost()
    window.saved(window.folder / "taken.py", before + b"answer(42)")


def test_taking_one_is_one_undo(window: Workbench) -> None:
    before = suggested(window, "undone.py", "answer(42)")
    window.press("Tab")
    window.until("the text", lambda: window.lines[1], lambda line: line == "y = answer(42)")
    window.press("Control+Z")
    window.until("undone", lambda: window.lines[1], lambda line: line == "y = ")
    window.saved(window.folder / "undone.py", before)


def test_word_by_word(window: Workbench) -> None:
    before = suggested(window, "words.py", "alpha + beta")
    window.press("Control+ArrowRight")
    window.sees_ghost(" + beta")
    window.saved(window.folder / "words.py", before + b"alpha")


def test_typing_along_keeps_it(window: Workbench) -> None:
    before = suggested(window, "along.py", "answer(42)")
    for typed, rest in (("a", "nswer(42)"), ("nsw", "er(42)")):
        window.type(typed)
        window.sees_ghost(rest)
    window.press("Tab")
    window.saved(window.folder / "along.py", before + b"answer(42)")


def test_escape_takes_it_off(window: Workbench) -> None:
    before = suggested(window, "escaped.py", "answer(42)")
    window.press("Escape")
    window.sees_no_ghost()
    window.saved(window.folder / "escaped.py", before)


def test_several_lines(window: Workbench) -> None:
    path = window.open("several.py", LINES)
    window.at(2)
    window.press("Enter")
    window.sees_ghost("if a:\n        return b\n    return a")
    window.press("Tab")
    window.sees_no_ghost()
    window.saved(path, (LINES + "    if a:\n        return b\n    return a\n").encode())


def test_tab_without_a_suggestion_is_a_tab(window: Workbench) -> None:
    path = window.open("tab.py", "# engine: say \nx\n")
    window.at(2, 1)
    window.press("Tab")
    window.saved(path, b"# engine: say \n    x\n")
