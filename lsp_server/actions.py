"""Which code actions are offered for a selection. Pure: text and syntax in, titles and arguments out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lsprotocol import types

from lsp_server import indentation
from lsp_server.conversion import range_of
from lsp_server.function_body import body_span
from lsp_server.holes import statement_span
from lsp_server.languages import Language, language_by_id
from lsp_server.open_document import OpenDocument
from lsp_server.positions import Range

REWRITE, QUICKFIX = "refactor.rewrite", "quickfix"
OPTIMISE = "Make this code faster; keep what it does."
"""What the model is told where a selection is to be optimised."""
_MOST_FIXES = 3
_LONGEST_TITLE = 80

Mode = Literal["line", "block", "function", "region"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One code action, before it is put into the protocol's words."""

    title: str
    kind: str
    command: str
    range: Range
    mode: Mode | None = None
    instruction: str = ""
    diagnostic: types.Diagnostic | None = None


def offers(
    document: OpenDocument, selection: Range, diagnostics: Sequence[types.Diagnostic], *, chat: bool
) -> list[Offer]:
    """Everything that makes sense for a selection; what needs a chat layout only with `chat`."""
    start, end = document.offsets_of(selection)
    language = language_by_id(document.language)
    found = []
    if end > start:
        found.append(
            Offer(
                title="Fill selection",
                kind=REWRITE,
                command="spanfill.fillSelection",
                range=selection,
                mode="region",
            )
        )
    found += _function(document, start, selection, language)
    if not chat:
        return found
    found += _fixes(document, diagnostics)
    if document.text[start:end].strip():
        found += _on_selection(document, start, end, selection, language)
    return found


def _function(document: OpenDocument, offset: int, selection: Range, language: Language) -> list[Offer]:
    span = body_span(document.text, offset, language, document.syntax())
    if span is None:
        return []
    body = document.text[span[0] : span[1]].strip()
    stub = body in ("", "pass", "...", "todo!()", "unimplemented!()", "raise NotImplementedError")
    title = "Fill function body" if stub else "Regenerate function body"
    command = "spanfill.fillFunctionBody" if stub else "spanfill.regenerate"
    at = Range(selection.start, selection.start)
    return [Offer(title=title, kind=REWRITE, command=command, range=at, mode="function")]


def _fixes(document: OpenDocument, diagnostics: Sequence[types.Diagnostic]) -> list[Offer]:
    found = []
    for diagnostic in diagnostics[:_MOST_FIXES]:
        message = diagnostic.message.strip()
        if not message:
            continue
        first, last = document.offsets_of(range_of(diagnostic.range))
        start, _ = statement_span(document.text, first, document.language, syntax=document.syntax)
        _, end = statement_span(
            document.text, max(first, last - 1), document.language, syntax=document.syntax
        )
        found.append(
            Offer(
                title=_cut(f"Fix: {message.splitlines()[0]}"),
                kind=QUICKFIX,
                command="spanfill.fixDiagnostic",
                range=document.range_of(start, max(start, end)),
                mode="region",
                instruction=f"Fix this problem: {message}",
                diagnostic=diagnostic,
            )
        )
    return found


def _on_selection(
    document: OpenDocument, start: int, end: int, selection: Range, language: Language
) -> list[Offer]:
    found = []
    wish = _leading_comment(document.text[start:end], language)
    if wish:
        found.append(
            Offer(
                title=_cut(f"Rewrite selection: {wish}"),
                kind=REWRITE,
                command="spanfill.rewrite",
                range=selection,
                mode="region",
                instruction=wish,
            )
        )
    found.append(
        Offer(
            title="Optimise selection",
            kind=REWRITE,
            command="spanfill.optimise",
            range=selection,
            mode="region",
            instruction=OPTIMISE,
        )
    )
    found.append(Offer(title="Explain selection", kind=REWRITE, command="spanfill.explain", range=selection))
    return found


def _leading_comment(text: str, language: Language) -> str:
    """What a selection's comments on top ask for; empty where it starts with code or has nothing else."""
    sign = language.line_comment
    lines = [line.strip() for line in indentation.split_lines(text) if line.strip()]
    wish: list[str] = []
    for line in lines:
        if not sign or not line.startswith(sign):
            return " ".join(wish)
        wish.append(line.lstrip(sign).strip())
    return ""


def _cut(title: str) -> str:
    return title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1] + "…"
