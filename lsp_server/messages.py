"""Our own messages beyond the LSP: what `spanfill/fill` and the clients' reports carry.

The LSP's messages are lsprotocol's.
"""

from dataclasses import dataclass
from typing import Any, Literal

from lsprotocol import types

FILL = "spanfill/fill"
FRAME = "spanfill/frame"
STATUS = "spanfill/status"
DID_SHOW, DID_ACCEPT, DID_REJECT = "spanfill/didShow", "spanfill/didAccept", "spanfill/didReject"

DID_CHANGE_CURSORS = "spanfill/didChangeCursors"


@dataclass(frozen=True, slots=True, kw_only=True)
class FillParams:
    """`spanfill/fill`: a position or a range, what to fill there, and how the answer is wanted."""

    text_document: types.OptionalVersionedTextDocumentIdentifier
    """With a version, the fill is refused where the text is of another one."""
    position: types.Position | None = None
    range: types.Range | None = None
    mode: Literal["line", "block", "function", "region", "statement"] | None = None
    """The syntax decides where it is absent."""
    instruction: str = ""
    """What to do, for models with a chat layout."""
    apply: bool = False
    """Whether the server sends `workspace/applyEdit` itself."""
    frames: bool = True
    """Whether `spanfill/frame` notifications are wanted."""
    show: bool = True
    """Whether the server sends `window/showMessage` itself with an explanation."""
    id: str | None = None
    """Repeated in each frame; the server makes one up where it is absent."""
    max_tokens: int | None = None
    work_done_token: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionParams:
    """`spanfill/didShow`, `didAccept`, `didReject`: which suggestion, and how much of it was taken."""

    id: str = ""
    accepted_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorsParams:
    """`spanfill/didChangeCursors`: how many cursors a document has. The LSP itself never says.

    With more than one, nothing is suggested unasked. A client sends it when the number changes; one that
    never does is judged by its edits alone.
    """

    text_document: types.TextDocumentIdentifier
    cursors: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FillMessage:
    """The request around `FillParams`."""

    id: Any
    method: str
    jsonrpc: str
    params: FillParams


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestionMessage:
    """The notification around `SuggestionParams`."""

    method: str
    jsonrpc: str
    params: SuggestionParams


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorsMessage:
    """The notification around `CursorsParams`."""

    method: str
    jsonrpc: str
    params: CursorsParams


MESSAGE_TYPES: dict[str, type[Any]] = {
    FILL: FillMessage,
    DID_SHOW: SuggestionMessage,
    DID_ACCEPT: SuggestionMessage,
    DID_REJECT: SuggestionMessage,
    DID_CHANGE_CURSORS: CursorsMessage,
}
"""What a method's message is structured to."""
