"""Between the protocol's values and ours: positions, ranges, and the converter of the protocol's JSON."""

from functools import lru_cache
from typing import Any

import cattrs
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.protocol import default_converter

from lsp_server import wire
from lsp_server.messages import FillParams
from lsp_server.positions import Position, Range


def position_of(position: types.Position) -> Position:
    """The protocol's position as ours."""
    return Position(position.line, position.character)


def range_of(span: types.Range) -> Range:
    """The protocol's range as ours."""
    return Range(position_of(span.start), position_of(span.end))


def protocol_range(span: Range) -> types.Range:
    """Our range as the protocol's."""
    return types.Range(
        types.Position(span.start.line, span.start.character),
        types.Position(span.end.line, span.end.character),
    )


@lru_cache(maxsize=1)
def protocol_converter() -> cattrs.Converter:
    """pygls' converter, made strict, with our messages; all clients share it."""
    converter = wire.register_hooks(default_converter())  # type: ignore[no-untyped-call]
    converter.register_structure_hook(types.InlineCompletionTriggerKind, _trigger_kind)
    return converter


def _trigger_kind(value: Any, _: Any) -> Any:
    # Some clients count from 0 as their editor's own API does; `trigger_kinds` tells them apart.
    if type(value) is not int:
        raise TypeError("expected a whole number")
    return value


def fault_of(error: Exception, path: str) -> str:
    """Where JSON does not fit its type; names keys and types, never values."""
    try:
        return "; ".join(cattrs.transform_error(error, path, _without_value))[:300]
    except Exception:  # a fault that cattrs itself can't describe
        return type(error).__name__


def _without_value(error: BaseException, expected: type | None) -> str:
    """cattrs' own sentences quote some values, and a value may be source text."""
    if isinstance(error, KeyError):
        return "required field missing"
    return f"invalid value, expected {getattr(expected, '__name__', expected)}"


def fill_params(raw: Any) -> FillParams:
    """A command's argument.

    Raises:
        JsonRpcInvalidParams: it is none.
    """
    try:
        return protocol_converter().structure(raw, FillParams)
    except Exception as error:  # cattrs raises groups of many types; all mean JSON that does not fit
        raise JsonRpcInvalidParams(f"Invalid argument: {fault_of(error, 'argument')}.") from error
