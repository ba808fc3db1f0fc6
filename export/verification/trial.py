"""What is put to both the graph and the checkpoint: real text, with masks where the model fills them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.errors import UsageError
from runtime.manifest import Manifest
from runtime.tokenizer import Tokenizer

WINDOW_TOKENS = 256
"""Tokens of one trial; a reference pass over all of them fits in memory for any vocabulary."""

WINDOW_BLOCKS = 8
"""Blocks of a block-causal model's trial."""

MASKED_SHARE = 0.3
"""Of a bidirectional model's tokens: enough context that the answers mean something."""

BLOCK_SHARE = 0.5
"""Of a block-causal model's last block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One text and the places whose logits are compared."""

    ids: NDArray[np.int64]
    """(tokens,) as the model sees them."""
    rows: NDArray[np.int64]
    """Positions whose logits are compared."""
    targets: NDArray[np.int64]
    """What each of those logits should name."""


def trials(
    manifest: Manifest, tokenizer: Tokenizer, texts: Sequence[str], *, tokens: int, seed: int
) -> Iterator[Trial]:
    """Windows of `texts`, until `tokens` answers are asked for.

    A causal model is asked for every next token. A masked model is asked for the tokens under randomly
    placed masks; in a block-causal one these all lie in the last block, behind which it sees nothing.

    Raises:
        UsageError: the texts are too short.
    """
    random = np.random.default_rng(seed)
    window = min(WINDOW_TOKENS, manifest.context_length)
    if manifest.block_length:
        # Only the last block is asked for, so that many short texts ask more than few long ones.
        window = min(window, WINDOW_BLOCKS * manifest.block_length)
    left = tokens
    for text in texts:
        ids = np.array(tokenizer.encode(text), np.int64)
        for start in range(0, len(ids), window):
            part = ids[start : start + window]
            if manifest.attention == "block_causal":
                assert manifest.block_length is not None
                part = part[: len(part) // manifest.block_length * manifest.block_length]
            if len(part) < 2:
                continue
            trial = _trial(manifest, part, random)
            if len(trial.rows) > left:
                trial = Trial(ids=trial.ids, rows=trial.rows[:left], targets=trial.targets[:left])
            yield trial
            left -= len(trial.rows)
            if left <= 0:
                return
    if left == tokens:
        raise UsageError("The texts are too short to verify anything on. Name a longer file with --text.")


def _trial(manifest: Manifest, ids: NDArray[np.int64], random: np.random.Generator) -> Trial:
    if manifest.attention == "causal":
        return Trial(ids=ids, rows=np.arange(len(ids) - 1), targets=ids[1:])
    first = 1 if manifest.shift else 0
    if manifest.attention == "block_causal":
        assert manifest.block_length is not None
        # A shifted model's answer for a block's first slot comes from the block before.
        first = max(first, len(ids) - manifest.block_length + int(manifest.shift))
    places = np.arange(first, len(ids))
    share = MASKED_SHARE if manifest.attention == "bidirectional" else BLOCK_SHARE
    count = max(1, round(len(places) * share))
    masked = np.sort(random.choice(places, count, replace=False))
    seen = ids.copy()
    mask = manifest.tokens.mask
    assert mask is not None, "the manifest's check ensures it"
    seen[masked] = mask
    return Trial(ids=seen, rows=masked - int(manifest.shift), targets=ids[masked])
