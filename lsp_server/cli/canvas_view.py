"""Draws a hole being filled: masks, drafts and settled text between the code before and after it.

Knows text, slot states and terminals; does not know models or files.
"""

import re
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.syntax import Syntax
from rich.text import Text

from lsp_server.cli.filling import Filling
from runtime import FillResult, Frame, SlotState

MASK_SIGN = "░"
FIRST_MASKS = 16
"""Masks shown until the model has its first say."""
CONTEXT_LINES = 8
"""Lines of code shown before and after the hole, where the terminal has room."""
TAB = "    "

STYLES = {
    SlotState.MASKED: "dim cyan",
    SlotState.DRAFT: "yellow",
    SlotState.COMMITTED: "default",
}
_CONTEXT, _MARK = "dim", "green"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

Pieces = Sequence[tuple[str, SlotState]]


class CanvasView:
    """A context manager that shows one fill live on a terminal, and leaves the settled code there."""

    def __init__(
        self,
        console: Console,
        before: str,
        after: str,
        *,
        first_line: int,
        language: str = "",
    ) -> None:
        """`before` and `after` are the text around the hole, which begins on line `first_line` (from 0)."""
        self._console = console
        before_lines = _clean(before[-20_000:]).split("\n")
        self._before = "\n".join(before_lines[-CONTEXT_LINES - 1 :])
        self._after = "\n".join(_clean(after[:20_000]).split("\n")[: CONTEXT_LINES + 1])
        self._number = first_line + 1 - self._before.count("\n")
        self._language = language
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        self._show(self.drawn([(MASK_SIGN * FIRST_MASKS, SlotState.MASKED)], "reading the code around"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, frame: Frame) -> None:
        """Draw the canvas as it is after a pass."""
        self._show(
            self.drawn(
                frame.pieces,
                f"pass {frame.pass_index}   {frame.committed_tokens} tokens   "
                f"{frame.tokens_per_second:.0f} tokens/s",
            )
        )

    def settle(self, text: str, status: str) -> None:
        """Stop drawing and leave the finished code on the terminal."""
        self._live.stop()
        self._console.print(self.settled(text, status))

    def _show(self, drawing: RenderableType) -> None:
        self._live.update(drawing, refresh=True)

    def drawn(self, pieces: Pieces, status: str) -> RenderableType:
        """The canvas between the code around it: context dim, drafts and masks in colours of their own."""
        code = Text(self._before, style=_CONTEXT)
        hole = Text()
        for text, state in pieces:
            hole.append(_clean(text), STYLES[state])
        code = Text.assemble(code, hole, (self._after, _CONTEXT))
        return self._framed(code, hole.plain, status)

    def settled(self, text: str, status: str) -> RenderableType:
        """The finished code in its language's colours, with what was filled marked in the margin."""
        text = _clean(text)
        plain = self._before + text + self._after
        code = Syntax("", self._language or "text", theme="ansi_dark").highlight(plain)
        if len(code) > len(plain):
            code.right_crop(len(code) - len(plain))  # the highlighter ends with a line break
        return self._framed(code, text, status)

    def _framed(self, code: Text, hole: str, status: str) -> RenderableType:
        lines = list(code.split("\n", allow_blank=True))
        first = self._before.count("\n")
        last = first + hole.count("\n")
        top, bottom = _visible(len(lines), last, max(4, self._console.height - 3))
        width = len(str(self._number + len(lines)))
        rows = []
        for index in range(top, bottom):
            in_hole = first <= index <= last
            row = Text(no_wrap=True)
            row.append(f"{self._number + index:>{width}} ", _MARK if in_hole else _CONTEXT)
            row.append("▌ " if in_hole else "  ", _MARK)
            row.append_text(lines[index])
            row.truncate(self._console.width, overflow="ellipsis")
            rows.append(row)
        if status:
            rows.append(Text(f"{'':>{width}}   {status}", _CONTEXT, no_wrap=True, overflow="ellipsis"))
        return Group(*rows)


def view_of(console: Console, filling: Filling) -> CanvasView:
    """The view of one filling."""
    return CanvasView(
        console,
        filling.before,
        filling.after,
        first_line=filling.first_line,
        language=filling.document.language,
    )


def _visible(count: int, last: int, height: int) -> tuple[int, int]:
    """The lines that fit, so that the hole's last one and two more are among them."""
    bottom = min(count, max(height, last + 3))
    return max(0, bottom - height), bottom


def _clean(text: str) -> str:
    """Text that moves no cursor: one kind of line break, tabs as blanks, no control characters."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", TAB))


def figures(result: FillResult) -> str:
    """What a fill cost, in one line; the time counts reading the context too."""
    seconds = result.total_ms / 1e3
    return (
        f"{result.tokens} tokens in {result.passes} passes ({result.tokens_per_pass:.2f} a pass), "
        f"{result.total_ms:,.0f} ms, {result.tokens / seconds if seconds else 0:.1f} tokens/s"
    )
