"""The real default model and its checkpoint, fetched and built on first use."""

import os
from pathlib import Path

import pytest

from export.catalogue import find
from export.download import default_sources, obtain
from export.pull import pull
from runtime.errors import ModelError
from runtime.store import resolve


def _quiet(_stage: str, _done: float) -> None:
    """No progress to show."""


@pytest.fixture(scope="session")
def default_model() -> Path:
    """The default model's folder; SPANFILL_TEST_MODEL names another one."""
    try:
        return resolve(os.environ.get("SPANFILL_TEST_MODEL"))
    except ModelError:
        return pull(progress=_quiet)


@pytest.fixture(scope="session")
def default_checkpoint() -> Path:
    """The GGUF file that the default model is made from; SPANFILL_TEST_CHECKPOINT names another copy."""
    if named := os.environ.get("SPANFILL_TEST_CHECKPOINT"):
        return Path(named)
    entry, _ = find("default", None)
    return obtain(entry.checkpoint, default_sources(), spare_bytes=0, progress=_quiet)
