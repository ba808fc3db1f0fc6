"""The LSP's and our own message parameters, as far as they are used."""

from dataclasses import dataclass, field
from typing import Any, Literal

from lsp_server.positions import Position, Range


@dataclass(frozen=True, slots=True, kw_only=True)
class NoParams:
    """Parameters that nobody reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDocumentItem:
    """A text as it is opened."""

    uri: str
    language_id: str
    version: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDocumentIdentifier:
    """An open text, with its version where the message has one."""

    uri: str
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DidOpenParams:
    """`textDocument/didOpen`."""

    text_document: TextDocumentItem


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentChange:
    """One change: of a range, or of the whole text where there is none."""

    text: str
    range: Range | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DidChangeParams:
    """`textDocument/didChange`."""

    text_document: TextDocumentIdentifier
    content_changes: tuple[ContentChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DidCloseParams:
    """`textDocument/didClose`."""

    text_document: TextDocumentIdentifier


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedCompletion:
    """What the client's own completion list has selected: a suggestion must continue it."""

    range: Range
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineCompletionContext:
    """Why an inline completion was asked for."""

    trigger_kind: int
    selected_completion_info: SelectedCompletion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineCompletionParams:
    """`textDocument/inlineCompletion`."""

    text_document: TextDocumentIdentifier
    position: Position
    context: InlineCompletionContext


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionParams:
    """`textDocument/completion`."""

    text_document: TextDocumentIdentifier
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeActionContext:
    """The diagnostics a code action is asked about, as the client sent them."""

    diagnostics: tuple[dict[str, Any], ...] = ()
    only: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeActionParams:
    """`textDocument/codeAction`."""

    text_document: TextDocumentIdentifier
    range: Range
    context: CodeActionContext


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteCommandParams:
    """`workspace/executeCommand`."""

    command: str
    arguments: tuple[Any, ...] = ()
    work_done_token: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FillParams:
    """`spanfill/fill`: a position or a range, what to fill there, and how the answer is wanted."""

    text_document: TextDocumentIdentifier
    """With a version, the fill is refused where the text is of another one."""
    position: Position | None = None
    range: Range | None = None
    mode: Literal["line", "block", "function", "region", "statement"] | None = None
    """The syntax decides where it is absent."""
    instruction: str = ""
    """What to do, for models with a chat layout."""
    apply: bool = False
    """Whether the server sends `workspace/applyEdit` itself."""
    frames: bool = True
    """Whether `spanfill/frame` notifications are wanted."""
    id: str | None = None
    """Repeated in each frame; the server makes one up where it is absent."""
    max_tokens: int | None = None
    work_done_token: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDoneProgressCancelParams:
    """`window/workDoneProgress/cancel`."""

    token: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionParams:
    """`spanfill/didShow`, `didAccept`, `didReject`: which suggestion, and how much of it was taken."""

    id: str = ""
    accepted_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DidChangeConfigurationParams:
    """`workspace/didChangeConfiguration`."""

    settings: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InitializeParams:
    """`initialize`, as far as it is used."""

    capabilities: dict[str, Any] = field(default_factory=dict)
    process_id: int | None = None
    root_uri: str | None = None
    workspace_folders: tuple[dict[str, Any], ...] | None = None
    initialization_options: Any = None
    client_info: dict[str, Any] | None = None
