"""The errors that reach a user, each with one sentence that says what is wrong and what to do.

SpanfillError
├── UsageError            the request itself is wrong                 (exit status 2)
├── InputError            a source file or position can't be used     (exit status 1)
├── ModelError            a model can't be used
│   ├── ManifestError     spanfill.json is missing, malformed or of another version
│   └── ModelFileError    a model file is missing, truncated or altered
├── FetchError            a model's source can't be reached or stored
├── RuntimeSetupError     ONNX Runtime is missing, doubled or lacks a provider
└── FillCancelled         a newer request or the user stopped this one
"""


class SpanfillError(Exception):
    """Base of everything spanfill raises on purpose; `str(error)` is fit to show."""

    exit_status = 1


class UsageError(SpanfillError):
    """The request contradicts itself or names something that does not exist."""

    exit_status = 2


class InputError(SpanfillError):
    """A source file can't be read as text, or a position lies outside it."""


class ModelError(SpanfillError):
    """A model is not installed or can't be used."""


class ManifestError(ModelError):
    """`spanfill.json` is missing, malformed, or written for another version."""


class ModelFileError(ModelError):
    """A model file is missing, truncated, or differs from its recorded hash."""


class FetchError(SpanfillError):
    """No source of a model could be reached, or its bytes could not be stored."""


class RuntimeSetupError(SpanfillError):
    """ONNX Runtime is not installed, installed twice, or lacks what was asked for."""


class FillCancelled(SpanfillError):
    """The running fill was stopped before it finished; nothing was changed."""
