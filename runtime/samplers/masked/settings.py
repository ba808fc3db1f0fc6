"""The numbers a sampler can be tuned by: names, defaults, ranges."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from runtime.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One number."""

    default: float
    low: float
    """The least value allowed."""
    high: float
    """The greatest value allowed."""
    whole: bool = False
    """Whether it counts something."""
    meaning: str
    """What it does, for lists of settings."""


def complete(name: str, allowed: Mapping[str, Setting], given: Mapping[str, float]) -> dict[str, float]:
    """All settings of the sampler `name`: those `given`, the defaults for the others.

    Raises:
        UsageError: there is no such setting, or its value is out of range.
    """
    for key, value in given.items():
        if key not in allowed:
            raise UsageError(f"The sampler {name!r} has no setting {key!r}; it takes {_listed(allowed)}.")
        setting = allowed[key]
        if not setting.low <= value <= setting.high or (setting.whole and value != math.floor(value)):
            kind = "a whole number" if setting.whole else "a number"
            raise UsageError(
                f"The setting {key!r} of the sampler {name!r} must be {kind} "
                f"from {setting.low:g} to {setting.high:g}, not {value!r}."
            )
    return {key: given.get(key, setting.default) for key, setting in allowed.items()}


def _listed(allowed: Mapping[str, Setting]) -> str:
    return ", ".join(repr(key) for key in allowed)
