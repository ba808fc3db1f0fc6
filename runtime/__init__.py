"""Token ids, canvases, samplers, caches and ONNX sessions. Knows no documents.

This is the package's public entry; other layers import from here alone.
"""

from runtime.cancellation import CancelToken
from runtime.engine import FillEngine
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
]
