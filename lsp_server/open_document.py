"""An open text with its syntax tree, kept in step edit by edit."""

from lsp_server.documents import Document, difference
from lsp_server.languages import language_by_id
from lsp_server.positions import Encoding, Range
from lsp_server.syntax import Syntax, edit_tree, parse, reparse


class OpenDocument(Document):
    """A document whose tree is parsed on demand and re-parsed incrementally."""

    def __init__(
        self,
        uri: str,
        text: str,
        *,
        version: int = 0,
        language: str = "",
        encoding: Encoding = "utf-16",
    ) -> None:
        super().__init__(uri, text, version=version, language=language, encoding=encoding)
        self.deleting = False
        """Whether the last change only took text away."""
        self.cursors = 1
        """As many as the client says there are."""
        self.typed_at_once = False
        """Whether the last change put the same text in several places, as several cursors do."""
        self._syntax: Syntax | None = None
        self._fresh = False

    @property
    def several_cursors(self) -> bool:
        """Whether there is more than one cursor, as far as can be seen."""
        return self.cursors > 1 or self.typed_at_once

    def change(self, text: str, span: Range | None = None) -> None:
        """Put `text` in the place of a range, or of the whole text where there is none."""
        self.deleting = span is not None and not text
        if span is None:
            self.replace(text)
            self._syntax, self._fresh = None, False
            return
        before = self.text
        edit = self.apply(span, text)
        if self._syntax is not None:
            edit_tree(self._syntax.tree, before, edit, self.text)
        self._fresh = False

    def tree_so_far(self) -> tuple[Syntax | None, bool]:
        """The last tree, told of every edit since, and whether it is the text's as it stands.

        A copy, for another thread.
        """
        return (self._syntax.copied() if self._syntax is not None else None), self._fresh

    def adopt(self, syntax: Syntax) -> None:
        """Take a tree that another thread has made and no longer uses, where there is none yet.

        It may be of an older text of this document.
        """
        if self._syntax is not None:
            return
        self._syntax, self._fresh = syntax, syntax.text is self.text
        if not self._fresh:
            edit_tree(syntax.tree, syntax.text, difference(syntax.text, self.text), self.text)

    def syntax(self) -> Syntax | None:
        """The current tree; None where the language has no grammar."""
        if not self._fresh:
            if self._syntax is None:
                self._syntax = parse(self.text, language_by_id(self.language))
            else:
                self._syntax = reparse(self._syntax, self.text)
            self._fresh = True
        return self._syntax
