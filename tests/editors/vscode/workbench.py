"""A VS Code window as a person sees and uses it: keys go in, and what the page shows comes out."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Error, Page

T = TypeVar("T")

PATIENCE_MS = 60_000
"""How long anything may take on a busy machine."""
POLL_MS = 40

_EDITOR = ".monaco-editor[data-uri$={end}]"

_LINES = """uri => {
  const editor = [...document.querySelectorAll(".monaco-editor")].find(one => one.dataset.uri?.includes(uri));
  if (!editor) return null;
  const lines = [...editor.querySelectorAll(".view-lines > .view-line")];
  lines.sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top));
  return lines.map(line => [...line.querySelectorAll("span > span")].map(span => {
    const style = getComputedStyle(span);
    return { text: span.textContent.replaceAll("\\u00a0", " "), classes: span.className,
             color: style.color, italic: style.fontStyle === "italic" };
  }));
}"""
"""The lines of an editor as runs of text with classes and colours, from the top of what is visible."""

_ZONES = """() => [...document.querySelectorAll(".suggest-preview-text")].map(
  zone => zone.innerText.replaceAll("\\u00a0", " ").replace(/\\n$/, "")).filter(text => text)"""
"""What ghost text shows below the cursor's line."""

_GROUNDS = """uri => {
  const editor = [...document.querySelectorAll(".monaco-editor")].find(one => one.dataset.uri?.includes(uri));
  return [...(editor?.querySelectorAll(".view-overlays .cdr") ?? [])].map(
    one => getComputedStyle(one).backgroundColor);
}"""
"""The backgrounds of the decorations in an editor."""


class Workbench:
    """One window on one folder."""

    def __init__(self, page: Page, address: str, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.faults: list[str] = []
        self.current = ""
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: self._overheard(said.type, said.text))
        page.goto(address)
        page.wait_for_selector(".monaco-workbench .part.statusbar .statusbar-item")
        page.wait_for_selector(".explorer-folders-view")

    def _overheard(self, kind: str, text: str) -> None:
        if kind == "error" and "spanfill" in text:
            self.faults.append(text)

    # Files

    def open(self, name: str, content: str | bytes | None = None) -> Path:
        """Edit a file, written anew if content is given; an absolute path may be outside the folder."""
        path = self.folder / name
        if content is not None:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.pick("Control+P", str(path), path.name)
        self.page.wait_for_selector(f".monaco-editor.focused[data-uri$='/{path.name}']")
        if not self.current:
            # A window's first editor gets its ghost text at an idle moment, or when asked for one; keys typed
            # sooner than that bring no suggestion.
            self.command("Trigger Inline Suggestion")
        self.current = path.name
        return path

    def saved(self, path: Path, expected: bytes) -> None:
        """Save, and wait until the file on the disk is that, byte for byte."""
        self.press("Control+S")
        self.until(f"{path.name} on the disk", path.read_bytes, lambda found: found == expected)

    # Keys

    def press(self, *keys: str) -> None:
        """Press keys one after the other; `Control+Alt+Enter` is one."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type, key by key."""
        self.page.keyboard.type(text)

    def at(self, line: int, column: int | None = None) -> None:
        """Put the cursor somewhere (from 1), at the line's end without a column."""
        self.press("Control+G")
        self.page.wait_for_selector(".quick-input-widget input:focus")
        self.type(f"{line}:{column or 1}")
        self.press("Enter")
        self.page.wait_for_selector(".monaco-editor.focused")
        if column is None:
            self.press("End")

    def select(self, first: int, last: int) -> None:
        """Select whole lines, without the last one's line break."""
        self.at(first, 1)
        self.press(*["Shift+ArrowDown"] * (last - first), "Shift+End")

    def pick(self, key: str, text: str, label: str) -> None:
        """Open a list with a key, narrow it down by typing, and take the entry with a label."""
        self.press(key)
        self.page.wait_for_selector(".quick-input-widget input:focus")
        self.type(text)
        row = self.page.locator(".quick-input-list .monaco-list-row.focused", has_text=label)
        row.wait_for()
        self.press("Enter")

    def command(self, title: str) -> None:
        """Run a command from the palette."""
        self.pick("F1", title, title)

    # What is on the screen

    @property
    def runs(self) -> list[list[dict[str, Any]]]:
        """The current editor's visible lines, as runs of text."""
        return self.page.evaluate(_LINES, "/" + self.current) or []

    @property
    def lines(self) -> list[str]:
        """The current editor's visible lines without ghost text."""
        return ["".join(run["text"] for run in line if not _ghostly(run)) for line in self.runs]

    @property
    def ghost(self) -> str:
        """The suggestion as it is drawn; empty without one."""
        inline = "".join(run["text"] for line in self.runs for run in line if _ghostly(run))
        below: list[str] = self.page.evaluate(_ZONES)
        return "\n".join([inline, *below]) if inline or below else ""

    @property
    def status(self) -> str:
        """The label of spanfill's item in the status bar."""
        item = self.page.locator("[id='spanfill.spanfill.status']")
        if item.count() == 0:
            return ""
        label = item.get_attribute("aria-label") or item.locator("[aria-label]").first.get_attribute(
            "aria-label"
        )
        return label or ""

    @property
    def messages(self) -> list[str]:
        """The texts of the notifications."""
        return self.page.locator(".notification-list-item-message").all_inner_texts()

    @property
    def tabs(self) -> list[str]:
        """The titles of the open editors."""
        return self.page.locator(".tabs-container .tab .label-name").all_inner_texts()

    # The canvas

    @property
    def canvas(self) -> list[list[dict[str, Any]]]:
        """The visible lines of the canvas, as runs of text; none without a canvas."""
        return self.page.evaluate(_LINES, "spanfill-canvas:") or []

    @property
    def canvas_text(self) -> str:
        return "\n".join("".join(run["text"] for run in line) for line in self.canvas)

    @property
    def canvas_grounds(self) -> list[str]:
        """The backgrounds that are drawn behind the canvas's text."""
        found: list[str] = self.page.evaluate(_GROUNDS, "spanfill-canvas:")
        return found

    @property
    def lenses(self) -> str:
        """What is offered above the canvas."""
        return " ".join(self.page.locator(".codelens-decoration").all_inner_texts()).replace("\u00a0", " ")

    @property
    def panels(self) -> str:
        """The text of all panels, which are pages of their own."""
        texts = []
        for frame in self.page.frames[1:]:
            with suppress(Error):  # it has gone meanwhile
                texts.append(frame.evaluate("document.body?.innerText ?? ''"))
        return "\n".join(texts)

    # Waiting

    def until(self, what: str, look: Callable[[], T], wanted: Callable[[T], bool]) -> T:
        """Look again and again until what is seen is what is wanted."""
        for _ in range(PATIENCE_MS // POLL_MS):
            seen = look()
            if wanted(seen):
                return seen
            self.page.wait_for_timeout(POLL_MS)
        raise AssertionError(f"waited in vain for {what}; what there is: {seen!r}")

    def sees_ghost(self, text: str) -> None:
        self.until(f"ghost text {text!r}", lambda: self.ghost, lambda seen: seen == text)

    def sees_no_ghost(self) -> None:
        self.until("no ghost text", lambda: self.ghost, lambda seen: not seen)

    def sees_status(self, *beginnings: str) -> str:
        labels = tuple(f"spanfill: {beginning}" for beginning in beginnings)
        return self.until(f"status {labels}", lambda: self.status, lambda seen: seen.startswith(labels))

    def sees_message(self, part: str) -> None:
        self.until(f"message {part!r}", lambda: self.messages, lambda seen: any(part in one for one in seen))

    def sees_preview(self, part: str) -> None:
        """Wait for a finished canvas."""
        self.until("the preview", lambda: (self.lenses, self.canvas_text),
                   lambda seen: "Accept" in seen[0] and part in seen[1])  # fmt: skip

    def sees_no_canvas(self) -> None:
        self.until("no canvas", lambda: self.canvas, lambda seen: not seen)
        self.page.wait_for_selector(f".monaco-editor.focused[data-uri$='/{self.current}']")

    def timings(self) -> dict[str, list[float]]:
        """The extension's own times at each keystroke since the last call, in milliseconds."""
        path = self.folder / ".timings.json"
        path.unlink(missing_ok=True)
        self.press("Control+Alt+8")
        self.until("the timings", path.exists, bool)
        read: dict[str, list[float]] = json.loads(path.read_text(encoding="utf-8"))
        return read


def _ghostly(run: dict[str, Any]) -> bool:
    return "ghost-text" in run["classes"]
