"""Token ids, canvases, samplers, caches and ONNX sessions. Knows no documents.

This is the package's public entry; other layers import from here alone.
"""

from typing import TYPE_CHECKING, Any

from runtime.cancellation import CancelToken
from runtime.errors import (
    FetchError,
    FillCancelled,
    InputError,
    ManifestError,
    ModelError,
    ModelFileError,
    RuntimeSetupError,
    SpanfillError,
    UsageError,
)
from runtime.request import MODES, FillRequest, FillResult, Frame, Mode, SlotState

if TYPE_CHECKING:
    from runtime.engine import FillEngine
    from runtime.grammars import load_grammar

__all__ = [
    "MODES",
    "CancelToken",
    "FetchError",
    "FillCancelled",
    "FillEngine",
    "FillRequest",
    "FillResult",
    "Frame",
    "InputError",
    "ManifestError",
    "Mode",
    "ModelError",
    "ModelFileError",
    "RuntimeSetupError",
    "SlotState",
    "SpanfillError",
    "UsageError",
    "load_grammar",
]


def __getattr__(name: str) -> Any:
    """Import on first use: with the engine come numpy and the tokenizers, with grammars tree-sitter."""
    if name == "FillEngine":
        from runtime.engine import FillEngine

        return FillEngine
    if name == "load_grammar":
        from runtime.grammars import load_grammar

        return load_grammar
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
