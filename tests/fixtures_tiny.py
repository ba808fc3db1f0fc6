"""Fixtures around the random decoder, for the tests of every layer."""

from collections.abc import Callable
from pathlib import Path

import pytest
from random_decoder import write_tiny_model

TinyModel = Callable[..., Path]

TRAINED_MODEL = Path(__file__).parent / "models" / "tiny-denoiser"
"""A small bidirectional denoiser that was trained (tests/models/README.md)."""


@pytest.fixture(scope="session")
def make_tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    """Writes a tiny model folder, or hands out the one written before with the same arguments."""
    written: dict[tuple[object, ...], Path] = {}

    def make(quantization: str = "int8", **options: object) -> Path:
        key = (quantization, *sorted(options.items()))
        if key not in written:
            folder = tmp_path_factory.mktemp("tiny") / quantization
            written[key] = write_tiny_model(folder, quantization, **options)  # type: ignore[arg-type]
        return written[key]

    return make


@pytest.fixture(scope="session")
def tiny_model(make_tiny_model: TinyModel) -> Path:
    """The folder of a tiny int8 model with random weights."""
    return make_tiny_model("int8")


@pytest.fixture(scope="session")
def test_model() -> Path:
    """The folder of the trained test model."""
    return TRAINED_MODEL
