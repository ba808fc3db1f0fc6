"""Recorded parity figures are claimed only for what they were measured on."""

import pytest

from export.catalogue import CATALOGUE
from export.recorded_parity import recorded_parity

CHECKPOINT = CATALOGUE[0].checkpoint.sha256


@pytest.mark.parametrize("quantization", ["int8", "int4"])
def test_the_default_models_forms_carry_their_figures(quantization: str) -> None:
    figures = recorded_parity(CHECKPOINT, quantization, "ascii", adapted=False)
    assert figures["tokens"] == 2000
    assert 0.9 < figures["top1_agreement"] < 1


@pytest.mark.parametrize(
    ("checkpoint", "quantization", "vocabulary", "adapted"),
    [
        ("0" * 64, "int8", "ascii", False),
        (CHECKPOINT, "fp16", "full", False),
        (CHECKPOINT, "int8", "full", False),
        (CHECKPOINT, "int8", "ascii", True),
    ],
)
def test_what_was_not_measured_carries_none(
    checkpoint: str, quantization: str, vocabulary: str, adapted: bool
) -> None:
    assert recorded_parity(checkpoint, quantization, vocabulary, adapted=adapted) == {}
