"""`textDocument/didOpen`, `didChange`, `didClose`."""

import logging

from lsp_server.messages import DidChangeParams, DidCloseParams, DidOpenParams
from lsp_server.open_document import OpenDocument
from lsp_server.registry import Registry
from lsp_server.session import Session, path_of
from lsp_server.suggestions import now_ms, path_name

logger = logging.getLogger(__name__)


def register(registry: Registry) -> None:
    """Add the handlers."""
    registry.notification("textDocument/didOpen", DidOpenParams, did_open)
    registry.notification("textDocument/didChange", DidChangeParams, did_change)
    registry.notification("textDocument/didClose", DidCloseParams, did_close)


def did_open(session: Session, params: DidOpenParams) -> None:
    """Take a text in."""
    item = params.text_document
    session.documents[item.uri] = OpenDocument(item, session.encoding)
    _visit(session, session.documents[item.uri], 0)


def did_change(session: Session, params: DidChangeParams) -> None:
    """Apply the changes, each to the text the one before left."""
    document = session.documents.get(params.text_document.uri)
    if document is None:
        logger.warning("A change to a document that is not open was ignored")
        return
    session.pacing.key_pressed(now_ms())
    for change in params.content_changes:
        document.change(change)
    if params.text_document.version is not None:
        document.version = params.text_document.version
    changed = next((change.range for change in params.content_changes if change.range is not None), None)
    _visit(session, document, changed.start.line if changed is not None else 0)


def _visit(session: Session, document: OpenDocument, line: int) -> None:
    """Keep a part of the text as context for other files, where that is wanted and it is no secret."""
    if session.options.context.other_files_tokens and not session.privacy.secret(path_of(document.uri)):
        session.neighbours.visit(document, path_name(session, path_of(document.uri)), line)


def did_close(session: Session, params: DidCloseParams) -> None:
    """Forget a text."""
    session.documents.pop(params.text_document.uri, None)
    session.memory.forget(params.text_document.uri)
