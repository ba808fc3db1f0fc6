"""The settings an editor sends: nested, frozen, each default in one place.

A bad value never stops the server: its default is used and one sentence says so. Knows nothing of the
features the settings steer.
"""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_origin, get_type_hints

from lsp_server import wire

T = TypeVar("T")


def _number(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOptions:
    """Which model, where, and when it is in memory."""

    name: str | None = None
    """A model's name or folder; None takes the default model."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where it runs."""
    threads: int | None = field(default=None, metadata={"low": 1, "high": 1024})
    """Threads of the CPU; None leaves the choice to the engine."""
    load: Literal["startup", "firstUse"] = "startup"
    """Load behind `initialized`, or when a fill is first wanted."""
    unload_after_minutes: float = _number(0.0, 0, 1e6)
    """Idle time after which the model leaves memory; 0 keeps it."""
    fall_back_to_cpu: bool = True
    """Whether a failing GPU is replaced by the CPU."""
    sampler: str | None = None
    """Sampler by name; None takes the model's default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionOptions:
    """Ghost text."""

    automatic: bool = True
    """Whether suggestions come unasked."""
    fallback: bool = False
    """Whether `textDocument/completion` answers too, for clients without inline completion."""
    multi_line: bool = True
    """Whether an automatic suggestion may have several lines."""
    max_lines: int = field(default=12, metadata={"low": 1, "high": 1000})
    """Most lines of an automatic suggestion."""
    budget_ms: float = _number(1500.0, 20, 60_000)
    """Time an automatic suggestion may take once the model runs."""
    min_confidence: float = _number(0.0, 0, 1)
    """Geometric mean of the tokens' probabilities below which nothing is suggested."""
    debounce_ms: float | None = field(default=None, metadata={"low": 0, "high": 5000})
    """Pause before the model is asked; None adapts it to typing speed and latency."""
    speculate: bool = True
    """Whether the text after acceptance is computed while a suggestion is on screen."""
    candidates: int = field(default=3, metadata={"low": 1, "high": 3})
    """Most suggestions of an invoked completion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextOptions:
    """How much text the model sees."""

    prefix_tokens: int = field(default=384, metadata={"low": 16, "high": 16_384})
    """Tokens before the hole."""
    suffix_tokens: int = field(default=96, metadata={"low": 0, "high": 8_192})
    """Tokens after the hole."""
    other_files_tokens: int = field(default=0, metadata={"low": 0, "high": 8_192})
    """Tokens of recently edited other files; 0 leaves them out."""
    definitions_tokens: int = field(default=256, metadata={"low": 0, "high": 8_192})
    """Tokens of signatures of what the file imports and uses; 0 leaves them out."""
    look_up_ms: float = _number(0.0, 0, 1000)
    """Longest wait for a look-up of those that is under way; 0 takes what is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesOptions:
    """Where nothing is suggested and nothing is read."""

    disabled_globs: tuple[str, ...] = ()
    """Path globs without suggestions."""
    disabled_languages: tuple[str, ...] = ()
    """Language ids without suggestions."""
    secret_globs: tuple[str, ...] = ()
    """Path globs treated as secret, besides the built-in ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillOptions:
    """Invoked fills."""

    max_tokens: int = field(default=384, metadata={"low": 1, "high": 4_096})
    """Most tokens of a region or a function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All settings."""

    enabled: bool = True
    """Off means no suggestions and no model in memory."""
    model: ModelOptions = field(default_factory=ModelOptions)
    completion: CompletionOptions = field(default_factory=CompletionOptions)
    context: ContextOptions = field(default_factory=ContextOptions)
    files: FilesOptions = field(default_factory=FilesOptions)
    fill: FillOptions = field(default_factory=FillOptions)


def read_options(raw: Any) -> tuple[Options, str | None]:
    """Settings from decoded JSON, and one message about all that could not be used."""
    complaints: list[str] = []
    options = _read(raw if raw is not None else {}, Options, "", complaints)
    if not complaints:
        return options, None
    return options, "spanfill settings: " + "; ".join(complaints) + "."


def _read(raw: Any, cls: type[T], path: str, complaints: list[str]) -> T:
    if not isinstance(raw, dict):
        complaints.append(f"{path.rstrip('.') or 'the settings'} must be an object, defaults are used")
        return cls()
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    known = set()
    for item in dataclasses.fields(cls):  # type: ignore[arg-type]
        key = wire.camel(item.name)
        known.add(key)
        if key not in raw:
            continue
        kind = hints[item.name]
        if dataclasses.is_dataclass(kind) and isinstance(kind, type):
            values[item.name] = _read(raw[key], kind, f"{path}{key}.", complaints)
            continue
        try:
            values[item.name] = _checked(raw[key], kind, item)
        except (ValueError, TypeError) as error:
            complaints.append(f"{path}{key} {error}, {_shown(item.default)} is used")
    complaints += [f"{path}{key} is unknown" for key in sorted(map(str, set(raw) - known))]
    return cls(**values)


def _checked(value: Any, kind: Any, item: "dataclasses.Field[Any]") -> Any:
    if get_origin(kind) is tuple and not isinstance(value, list):
        raise ValueError(f"must be a list, not {_shown(value)}")
    try:
        made = wire.converter().structure(value, kind)
    except Exception as error:  # cattrs raises groups of many types; all mean a value that does not fit
        raise ValueError(f"can't be {_shown(value)}") from error
    low, high = item.metadata.get("low"), item.metadata.get("high")
    if made is not None and low is not None and not low <= made <= high:
        raise ValueError(f"is {made:g}, not between {low:g} and {high:g}")
    return made


def _shown(value: Any) -> str:
    if value is None:
        return "its default"
    text = "on" if value is True else "off" if value is False else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
