"""Whether a suggestion is wanted at a place at all. Pure."""

from lsp_server.documents import Document
from lsp_server.options import Options
from lsp_server.privacy import Privacy


def refusal(
    document: Document, path: str, offset: int, *, options: Options, privacy: Privacy, invoked: bool
) -> str | None:
    """Why nothing is suggested here; None where something may be."""
    if document.language in options.files.disabled_languages:
        return "the language is disabled"
    if privacy.matches(path, options.files.disabled_globs):
        return "the file is disabled"
    if privacy.secret(path):
        return "the file may hold secrets"
    if not invoked and not options.completion.automatic:
        return "automatic suggestions are off"
    if not invoked and _inside_word(document.text, offset):
        return "the cursor is inside a word"
    return None


def _inside_word(text: str, offset: int) -> bool:
    around = text[max(0, offset - 1) : offset + 1]
    return len(around) == 2 and offset > 0 and all(char.isalnum() or char == "_" for char in around)
