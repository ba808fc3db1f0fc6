"""An open text with its syntax tree, kept in step edit by edit."""

from lsp_server.documents import Document
from lsp_server.languages import language_by_id
from lsp_server.messages import ContentChange, TextDocumentItem
from lsp_server.positions import Encoding
from lsp_server.syntax import Syntax, edit_tree, parse, reparse


class OpenDocument(Document):
    """A document whose tree is parsed on demand and re-parsed incrementally."""

    def __init__(self, item: TextDocumentItem, encoding: Encoding) -> None:
        super().__init__(
            item.uri, item.text, version=item.version, language=item.language_id, encoding=encoding
        )
        self.deleting = False
        """Whether the last change only took text away."""
        self._syntax: Syntax | None = None
        self._fresh = False

    def change(self, change: ContentChange) -> None:
        """Apply one change of a `didChange`."""
        self.deleting = change.range is not None and not change.text
        if change.range is None:
            self.replace(change.text)
            self._syntax, self._fresh = None, False
            return
        before = self.text
        edit = self.apply(change.range, change.text)
        if self._syntax is not None:
            edit_tree(self._syntax.tree, before, edit, self.text)
        self._fresh = False

    def syntax(self) -> Syntax | None:
        """The current tree; None where the language has no grammar."""
        if not self._fresh:
            if self._syntax is None:
                self._syntax = parse(self.text, language_by_id(self.language))
            else:
                self._syntax = reparse(self._syntax, self.text)
            self._fresh = True
        return self._syntax
