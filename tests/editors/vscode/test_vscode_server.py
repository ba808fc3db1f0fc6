"""The server's life in VS Code: it starts, dies and comes back, is paused or missing, and typing goes on."""

import statistics
from collections.abc import Callable

from conftest import servers_of
from workbench import Workbench

Open = Callable[..., Workbench]

PROSE = "the quick brown fox jumps over the lazy dog and types (on) [and] {on} " * 4
KEYSTROKE_MS = 1.0


def test_the_status_bar_leaves_loading(another: Open) -> None:
    window = another(**{"model.load": "firstUse"})
    window.sees_status("model not in memory")
    window.open("first.py", "# engine: say answer(42)\n")
    window.at(2)
    window.type("y = ")
    window.sees_status("ready")
    assert len(servers_of(window)) == 1


def test_a_killed_server_comes_back(another: Open) -> None:
    window = another()
    window.sees_status("ready")
    (killed,) = servers_of(window)
    killed.kill()
    window.until("another server", lambda: [one.pid for one in servers_of(window)],
                 lambda pids: bool(pids) and killed.pid not in pids)  # fmt: skip
    window.sees_status("ready")
    window.open("back.py", "# engine: say answer(42)\n")
    window.at(2)
    window.type("y = ")
    window.sees_ghost("answer(42)")
    assert not window.messages


def test_two_windows_share_nothing(another: Open) -> None:
    first, second = another(), another()
    for window, answer in ((first, "one()"), (second, "two()")):
        window.sees_status("ready")
        window.open("same.py", f"# engine: say {answer}\n")
        window.at(2)
        window.type("y = ")
        window.sees_ghost(answer)
    (one,), (other,) = servers_of(first), servers_of(second)
    assert one.pid != other.pid
    one.kill()
    second.press("Tab")
    second.saved(second.folder / "same.py", b"# engine: say two()\ny = two()")
    assert [process.pid for process in servers_of(second)] == [other.pid]


def test_wrong_settings_are_one_message(another: Open) -> None:
    window = another(**{"completion.maxLines": "many"})
    window.sees_status("ready")
    window.sees_message("completion.maxLines")
    assert len(window.messages) == 1
    window.open("wrong.py", "# engine: say answer(42)\n")
    window.at(2)
    window.type("y = ")
    window.sees_ghost("answer(42)")  # with the default in its place
    assert len(window.messages) == 1


def test_without_a_server_typing_goes_on(another: Open) -> None:
    window = another(["/nowhere/spanfill"])
    window.sees_status("error", "not installed", "stopped")
    path = window.open("alone.txt", "")
    window.type(PROSE)
    window.press("Tab")
    window.saved(path, PROSE.encode() + b"    ")


def test_paused_nobody_is_asked(window: Workbench) -> None:
    window.open("paused.py", "# engine: count\n")
    window.at(2)
    window.type("y = ")
    asked = int(window.until("a count", lambda: window.ghost, lambda seen: seen.startswith("call"))[4:])
    window.command("spanfill: Pause or Resume Suggestions")
    window.sees_status("paused")
    window.sees_no_ghost()
    window.type("1\nz = ")
    window.command("spanfill: Pause or Resume Suggestions")
    window.sees_status("ready")
    window.type("2\nx = ")
    window.sees_ghost(f"call{asked + 1}")
    window.press("Escape")


def test_a_keystroke_costs_the_extension_less_than_a_millisecond(window: Workbench) -> None:
    path = window.open("keys.py", "# engine: say answer(42)\n")
    window.at(2)
    window.timings()
    window.type(PROSE.replace(" ", "_"))
    window.sees_status("ready")
    taken = window.timings()
    assert len(taken["didChange"]) >= len(PROSE) // 2
    for handler, times in taken.items():
        if len(times) > 1:
            p95 = statistics.quantiles(times, n=20)[-1]
            assert p95 <= KEYSTROKE_MS, f"{handler}: {p95:.2f} ms"
    window.until("all typed", lambda: window.lines[1], lambda line: line.startswith("the_quick"))
    window.press("Control+S")
    assert window.until("saved", path.read_text, lambda text: "types" in text).count("the_quick") == 4
