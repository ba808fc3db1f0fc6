"""A real VS Code for all tests here; they are skipped, with the reason, where it is not on this machine."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the rig's own modules

import places
import vsix
from code_server import CodeServer
from places import NotThere, Places

if sys.platform == "linux":
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is in the extra `editors`")
    from workbench import Workbench

ROOT = vsix.ROOT
SCRIPTED = [sys.executable, str(Path(__file__).with_name("settling_server.py"))]
"""A server whose engine says what a comment in the text asks for."""
SERVE = [sys.executable, "-m", "lsp_server.cli.main"]
"""The server as users have it, from this checkout."""

CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-quic", "--no-first-run")  # fmt: skip

Open = Callable[..., "Workbench"]
"""Opens a window on a new folder; takes the server's command and further settings of the folder."""


@pytest.fixture(scope="session")
def there() -> Places:
    """Where everything is that a VS Code is made of."""
    try:
        return places.find()
    except NotThere as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots are kept."""
    folder = Path(os.environ.get("SPANFILL_EDITOR_PICTURES") or ROOT / "build/editors") / "vscode"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def code_server(
    there: Places, pictures: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CodeServer]:
    """A VS Code with the extension, as its package, installed."""
    home = tmp_path_factory.mktemp("vscode")
    server = CodeServer(there, home, [vsix.package(pictures), vsix.probe(home)])
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser(there: Places) -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=there.chromium, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def open_window(browser: Any, code_server: CodeServer, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Opens windows."""

    def open_window(command: list[str] = SCRIPTED, **settings: Any) -> Workbench:
        folder = tmp_path_factory.mktemp("folder")
        (folder / ".vscode").mkdir()
        settings = {
            "server.command": command,
            "server.environment": {"PYTHONPATH": str(ROOT), "SPANFILL_TEST_WINDOW": folder.name},
            "completion.speculate": False,
            "completion.debounceMs": 0,
        } | settings
        prefixed = {f"spanfill.{name}": value for name, value in settings.items()}
        (folder / ".vscode/settings.json").write_text(json.dumps(prefixed), encoding="utf-8")
        page = browser.new_page(viewport={"width": 1000, "height": 640})
        return Workbench(page, code_server.window(folder), folder)

    return open_window


@pytest.fixture(scope="session")
def shared(open_window: Open) -> Iterator["Workbench"]:
    """One window around the scripted server for many tests; each edits a file of its own."""
    window = open_window()
    window.sees_status("ready")
    yield window
    window.page.close()


@pytest.fixture
def window(shared: "Workbench", pictures: Path, request: pytest.FixtureRequest) -> Iterator["Workbench"]:
    """That window; nothing has broken when the test is over."""
    shared.press("Control+Alt+9")
    yield shared
    shared.page.screenshot(path=pictures / f"{request.node.name}.png")
    assert not shared.faults, shared.faults


@pytest.fixture
def another(open_window: Open, pictures: Path, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Opens windows that last as long as a test."""
    windows: list[Workbench] = []

    def another(*how: Any, **settings: Any) -> Workbench:
        windows.append(open_window(*how, **settings))
        return windows[-1]

    yield another
    for index, window in enumerate(windows):
        window.page.screenshot(path=pictures / f"{request.node.name}-{index}.png")
        window.page.close()


def servers_of(window: "Workbench") -> list[psutil.Process]:
    """The language servers that run for a window."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SPANFILL_TEST_WINDOW") == window.folder.name:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found
