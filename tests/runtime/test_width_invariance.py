"""A token's result is the same to the bit in a pass of any width: what makes drafts cost no quality.

Holds for the int8 graph, whose sums are integers. The entropy alone may differ in its last bits: it
sums over a row of logits, and how that is vectorised depends on where the row lies in memory.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from runtime.session import DenoiserSession

TOKENS = 64
SPLITS = {
    "1": [1] * TOKENS,
    "2": [2] * (TOKENS // 2),
    "3": [*[3] * 21, 1],
    "7": [*[7] * 9, 1],
    "16": [16] * 4,
    "31": [31, 31, 2],
    "chunked prefill, then drafts": [40, 1, 8, 2, 13],
}

Rows = tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32], list[NDArray[np.generic]]]


def run(session: DenoiserSession, widths: list[int], ids: list[int]) -> Rows:
    session.truncate(0)
    passes = []
    for width in widths:
        passes.append(session.forward(ids[session.length : session.length + width]))
        session.advance(width)
    return (
        np.concatenate([rows.top_ids for rows in passes]),
        np.concatenate([rows.top_logprobs for rows in passes]),
        np.concatenate([rows.entropy for rows in passes]),
        [buffer.numpy()[:, :, :TOKENS].copy() for buffer in session._cache.values()],
    )


def check(session: DenoiserSession, vocabulary: int, widths: list[int]) -> None:
    ids = np.random.default_rng(11).integers(0, vocabulary, TOKENS).tolist()
    top_ids, logprobs, entropy, cache = run(session, [TOKENS], ids)
    assert len(np.unique(top_ids[:, 0])) > 5
    again = run(session, widths, ids)
    np.testing.assert_array_equal(again[0], top_ids)
    np.testing.assert_array_equal(again[1], logprobs)
    for ours, theirs in zip(again[3], cache, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(again[2], entropy, atol=1e-4)


@pytest.fixture(scope="module", params=[1, 2], ids=lambda threads: f"{threads} threads")
def tiny(tiny_model: Path, request: pytest.FixtureRequest) -> DenoiserSession:
    return DenoiserSession(tiny_model, threads=request.param)


@pytest.mark.parametrize("widths", SPLITS.values(), ids=SPLITS.keys())
def test_tiny_model(tiny: DenoiserSession, widths: list[int]) -> None:
    check(tiny, 400, widths)


@pytest.fixture(scope="module")
def real(default_model: Path) -> DenoiserSession:
    return DenoiserSession(default_model)


@pytest.mark.real_model
@pytest.mark.parametrize("widths", SPLITS.values(), ids=SPLITS.keys())
def test_real_model(real: DenoiserSession, widths: list[int]) -> None:
    check(real, 150_000, widths)
