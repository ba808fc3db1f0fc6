"""`textDocument/didOpen`, `didChange`, `didClose`."""

import logging

from lsp_server.messages import DidChangeParams, DidCloseParams, DidOpenParams
from lsp_server.open_document import OpenDocument
from lsp_server.registry import Registry
from lsp_server.session import Session
from lsp_server.suggestions import now_ms

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


def did_close(session: Session, params: DidCloseParams) -> None:
    """Forget a text."""
    session.documents.pop(params.text_document.uri, None)
