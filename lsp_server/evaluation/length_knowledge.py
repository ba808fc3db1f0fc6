"""What a length policy knows of the length of a hole, by its name. Figures of the three are never mixed."""

from collections.abc import Mapping
from typing import Literal

Knowledge = Literal["unknown", "fixed", "oracle"]

KNOWLEDGE: Mapping[Knowledge, str] = {
    "unknown": "length unknown",
    "fixed": "fixed length",
    "oracle": "told the true length: an upper bound, not a result",
}
"""What is known of the length, and how figures of it are headed. They are never put together."""


def knowledge_of(length: str | None) -> Knowledge:
    """Of a length policy as a request has it; None is a model's own, which is never told."""
    name = (length or "").partition(":")[0]
    return "oracle" if name == "oracle" else "fixed" if name == "fixed" else "unknown"
