"""Between JSON with camelCase keys and frozen dataclasses with snake_case fields.

Strict where cattrs is lenient: a number is not a string. Unknown keys are ignored, as the LSP asks of both
sides. Knows our own dataclasses; the LSP's types are lsprotocol's.
"""

import dataclasses
from functools import lru_cache
from typing import Any

import cattrs
from cattrs.gen import make_dict_structure_fn, override


def camel(name: str) -> str:
    """`max_tokens` → `maxTokens`; `ms` and other suffixes are words like any other."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def register_hooks(converter: cattrs.Converter) -> cattrs.Converter:
    """Teach a converter strict primitives and our dataclasses; answers the same converter."""

    def dataclass_hook(cls: type[Any]) -> Any:
        renames = {field.name: override(rename=camel(field.name)) for field in dataclasses.fields(cls)}
        return make_dict_structure_fn(cls, converter, **renames)  # type: ignore[arg-type]

    # A hook for int or str is asked for enumerations of them too, by their own class.
    converter.register_structure_hook(int, _structure_int)
    converter.register_structure_hook(float, _structure_float)
    converter.register_structure_hook(str, _exactly(str))
    converter.register_structure_hook(bool, _exactly(bool))
    converter.register_structure_hook_factory(dataclasses.is_dataclass, dataclass_hook)
    return converter


@lru_cache(maxsize=1)
def converter() -> cattrs.Converter:
    """The converter of the settings, made on first use."""
    return register_hooks(cattrs.Converter())


def _structure_int(value: Any, cls: Any) -> int:
    # Some JSON libraries write every number as a float.
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise TypeError(f"expected a whole number, got {value!r}")
    return value if cls is int else cls(value)


def _structure_float(value: Any, _: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError(f"expected a number, got {value!r}")
    return float(value)


def _exactly(expected: type) -> Any:
    def structure(value: Any, cls: Any) -> Any:
        if type(value) is not expected:
            raise TypeError(f"expected {'text' if expected is str else 'true or false'}, got {value!r}")
        return value if cls is expected else cls(value)

    return structure
