"""From a place in a text to what the engine is asked: the one way both the server and the command line take.

Puts `holes` and `context` together; pure.
"""

from collections.abc import Callable, Sequence

from lsp_server.context import ContextLimits, window
from lsp_server.holes import Hole, SyntaxSource, hole_at
from lsp_server.languages import language_of_path
from runtime import FillRequest, Mode

MAX_TOKENS: dict[Mode, int] = {"line": 64, "block": 128, "function": 384, "region": 384}
"""Most tokens written for a hole of each mode, where the caller names no limit."""


def request_for(
    text: str,
    start: int,
    end: int | None = None,
    mode: Mode | None = None,
    language: str = "",
    *,
    path: str = "",
    limits: ContextLimits | None = None,
    count_tokens: Callable[[str], int] | None = None,
    syntax: SyntaxSource | None = None,
    context: Sequence[tuple[str, str]] = (),
    instruction: str = "",
    layout: str = "auto",
    max_tokens: int | None = None,
    budget_ms: float | None = None,
    sampler: str | None = None,
) -> tuple[Hole, FillRequest]:
    """The hole at a cursor or selection, and the request that fills it.

    `start` and `end` are code-point offsets; `end` None means a cursor, `mode` None lets the syntax decide.
    `language` is an LSP language id, guessed from `path` where empty. The answer's text replaces
    `text[hole.start:hole.end]`.

    Raises:
        InputError: the span lies outside the text, or there is no function to fill.
    """
    language = language or language_of_path(path)
    hole = hole_at(text, start, end, mode, language, syntax=syntax)
    first, last = window(text, hole.start, hole.end, limits or ContextLimits(), count_tokens)
    request = FillRequest(
        prefix=encodable(text[first : hole.start]),
        suffix=encodable(text[hole.end : last]),
        ends_file=last == len(text),
        mode=hole.mode,
        layout=layout,
        language=language,
        path=path,
        instruction=encodable(instruction),
        previous=encodable(text[hole.start : hole.end]).strip("\n"),
        context=tuple(context),
        max_tokens=max_tokens or MAX_TOKENS[hole.mode],
        budget_ms=budget_ms,
        sampler=sampler,
    )
    return hole, request


def encodable(text: str) -> str:
    """The text with lone surrogates, which no tokenizer takes, replaced one for one."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join("�" if "\ud800" <= char <= "\udfff" else char for char in text)
    return text
