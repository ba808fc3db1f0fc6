"""Whether a suggestion is wanted at a place at all. Pure."""

from lsp_server.open_document import OpenDocument
from lsp_server.options import Options
from lsp_server.privacy import Privacy


def refusal(
    document: OpenDocument,
    path: str,
    offset: int,
    *,
    options: Options,
    privacy: Privacy,
    invoked: bool,
    text: str | None = None,
) -> str | None:
    """Why nothing is suggested at `offset` of `text`, the document's if it is None; None where
    something may be."""
    if document.language in options.files.disabled_languages:
        return "the language is disabled"
    if privacy.matches(path, options.files.disabled_globs):
        return "the file is disabled"
    if privacy.secret(path):
        return "the file may hold secrets"
    return None if invoked else _unasked(document, offset, options, document.text if text is None else text)


def _unasked(document: OpenDocument, offset: int, options: Options, text: str) -> str | None:
    """Why nothing is suggested that nobody asked for."""
    if not options.completion.automatic:
        return "automatic suggestions are off"
    if document.several_cursors:
        return "there are several cursors"
    if _inside_word(text, offset):
        return "the cursor is inside a word"
    return None


def _inside_word(text: str, offset: int) -> bool:
    around = text[max(0, offset - 1) : offset + 1]
    return len(around) == 2 and offset > 0 and all(f"a{char}".isidentifier() for char in around)
