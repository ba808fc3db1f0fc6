"""Reading config.json: each value checked, and named in the error where it is missing or wrong."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from runtime.errors import ModelFileError


class Fields:
    """The fields of a checkpoint's config.json."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config

    def get(self, name: str) -> Any:
        """The raw value; None where the field is absent or null."""
        return self._config.get(name)

    def refuse(self, name: str, wanted: str) -> ModelFileError:
        """The error that says what `name` should be."""
        if self.get(name) is None:
            return ModelFileError(f"config.json lacks `{name}`, which should be {wanted}.")
        return ModelFileError(f"config.json has {self.get(name)!r} as `{name}`; it should be {wanted}.")

    def count(self, name: str, default: int | None = None) -> int:
        """A positive integer.

        Raises:
            ModelFileError: it is something else, or absent and without a default.
        """
        value = self.get(name)
        if value is None and default is not None:
            return default
        if type(value) is not int or value <= 0:
            raise self.refuse(name, "a positive integer")
        return value

    def number(self, name: str) -> float:
        """A positive, finite number.

        Raises:
            ModelFileError: it is absent or something else.
        """
        value = self.get(name)
        if type(value) not in (int, float) or not isfinite(value) or value <= 0:
            raise self.refuse(name, "a positive number")
        return float(value)

    def flag(self, name: str, default: bool | None = None) -> bool | None:
        """True or false; the default where it is absent.

        Raises:
            ModelFileError: it is something else.
        """
        value = self.get(name)
        if value is None:
            return default
        if type(value) is not bool:
            raise self.refuse(name, "true or false")
        return value

    def require(self, name: str, *supported: Any, default: Any = None) -> None:
        """Check that a field has one of the values this exporter knows how to compute.

        Raises:
            ModelFileError: it has another one.
        """
        value = self.get(name)
        if value is None:
            value = default
        if value not in supported:
            wanted = " or ".join(repr(choice) for choice in supported)
            raise ModelFileError(f"config.json has {value!r} as `{name}`; only {wanted} is supported.")
