"""Between JSON with camelCase keys and frozen dataclasses with snake_case fields.

One strict converter: a number is not a string, unknown keys are ignored, as the LSP asks of both sides.
"""

import dataclasses
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

import cattrs
from cattrs.gen import make_dict_structure_fn, override

T = TypeVar("T")


def camel(name: str) -> str:
    """`max_tokens` → `maxTokens`; `ms` and other suffixes are words like any other."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


class WireError(ValueError):
    """JSON that does not fit the type; the text says which key."""


def _structure_int(value: Any, _: Any) -> int:
    # Some JSON libraries write every number as a float.
    if type(value) is float and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise TypeError(f"expected a whole number, got {value!r}")
    return value


def _structure_float(value: Any, _: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"expected a number, got {value!r}")
    return float(value)


def _exactly(expected: type) -> Any:
    def structure(value: Any, _: Any) -> Any:
        if type(value) is not expected:
            raise TypeError(f"expected {'text' if expected is str else 'true or false'}, got {value!r}")
        return value

    return structure


def _dataclass_hook(cls: type[Any]) -> Any:
    renames = {field.name: override(rename=camel(field.name)) for field in dataclasses.fields(cls)}
    return make_dict_structure_fn(cls, converter(), **renames)  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def converter() -> cattrs.Converter:
    """The converter, made on first use."""
    made = cattrs.Converter()
    made.register_structure_hook(int, _structure_int)
    made.register_structure_hook(float, _structure_float)
    made.register_structure_hook(str, _exactly(str))
    made.register_structure_hook(bool, _exactly(bool))
    made.register_structure_hook_factory(dataclasses.is_dataclass, _dataclass_hook)
    return made


def structure(raw: Any, cls: type[T]) -> T:
    """Make a `cls` of decoded JSON.

    Raises:
        WireError: a key is missing or its value has the wrong type.
    """
    if not isinstance(raw, dict):
        raise WireError(f"expected an object, got {type(raw).__name__}")
    try:
        return converter().structure(raw, cls)
    except RecursionError:
        raise
    except Exception as error:  # cattrs raises groups of many types; all mean JSON that does not fit
        raise WireError("; ".join(cattrs.transform_error(error, path="params"))) from error


def unstructure(value: Any) -> Any:
    """JSON of dataclasses, enums, tuples and dictionaries; None fields of dataclasses are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {camel(name): unstructure(item) for name, item in pairs if item is not None}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: unstructure(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [unstructure(item) for item in value]
    return value
