"""`textDocument/didOpen`, `didChange`, `didClose`."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.conversion import range_of
from lsp_server.messages import DID_CHANGE_CURSORS, CursorsParams
from lsp_server.open_document import OpenDocument
from lsp_server.queries import now_ms
from lsp_server.session import Session, path_of

if TYPE_CHECKING:
    from lsp_server.language_server import SpanfillServer

logger = logging.getLogger(__name__)


def register(server: "SpanfillServer") -> None:
    """Add the handlers."""
    server.feature(types.TEXT_DOCUMENT_DID_OPEN)(did_open)
    server.feature(types.TEXT_DOCUMENT_DID_CHANGE)(did_change)
    server.feature(types.TEXT_DOCUMENT_DID_CLOSE)(did_close)
    server.feature(DID_CHANGE_CURSORS)(did_change_cursors)


def did_open(ls: "SpanfillServer", params: types.DidOpenTextDocumentParams) -> None:
    """Take a text in."""
    item, session = params.text_document, ls.session
    document = OpenDocument(
        item.uri,
        item.text,
        version=item.version,
        language=item.language_id,
        encoding=session.encoding,
    )
    session.documents[item.uri] = document
    session.stop_fills(item.uri)
    _visit(session, document, 0)
    session.look_around(document)


def did_change(ls: "SpanfillServer", params: types.DidChangeTextDocumentParams) -> None:
    """Apply the changes, each to the text the one before left."""
    session = ls.session
    document = session.documents.get(params.text_document.uri)
    if document is None:
        logger.warning("A change to a document that is not open was ignored")
        return
    session.pacing.key_pressed(now_ms())
    document.typed_at_once = typed_at_once(params.content_changes)
    line = None
    for change in params.content_changes:
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            document.change(change.text)
            continue
        document.change(change.text, range_of(change.range))
        line = change.range.start.line if line is None else line
    document.version = params.text_document.version
    session.stop_fills(document.uri)
    _visit(session, document, line or 0)
    session.look_around(document)


def _visit(session: Session, document: OpenDocument, line: int) -> None:
    """Keep a part of the text as context for other files, where that is wanted and it is no secret."""
    if session.options.context.other_files_tokens and not session.privacy.secret(path_of(document.uri)):
        session.neighbours.visit(document, session.shown_path(path_of(document.uri)), line)


def typed_at_once(changes: Sequence[types.TextDocumentContentChangeEvent]) -> bool:
    """Whether changes are what several cursors do: the same text, in several places, for as much each."""
    seen = set()
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangeWholeDocument):
            return False
        start, end = change.range.start, change.range.end
        lines = end.line - start.line
        seen.add((change.text, lines, end.character - (0 if lines else start.character)))
    return len(changes) > 1 and len(seen) == 1


def did_change_cursors(ls: "SpanfillServer", params: CursorsParams) -> None:
    """Take note of how many cursors a document has."""
    document = ls.session.documents.get(params.text_document.uri)
    if document is not None:
        document.cursors, document.typed_at_once = params.cursors, False


def did_close(ls: "SpanfillServer", params: types.DidCloseTextDocumentParams) -> None:
    """Forget a text."""
    ls.session.documents.pop(params.text_document.uri, None)
    ls.session.stop_fills(params.text_document.uri)
    ls.session.memory.forget(params.text_document.uri)
    ls.session.surroundings.forget(params.text_document.uri)
