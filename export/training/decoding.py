"""Fills spans with torch, one token a pass: the slow, plain decoding that the trainer judges a model by.

Knows the model and token ids; spanfill's own samplers are in `runtime/`, and owe nothing to this.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from export.training.model import Denoiser
from export.training.vocabulary import TokenIds

LONGEST_CANVAS_TOKENS = 64


@dataclass(slots=True)
class Hole:
    """A span to fill between two runs of tokens."""

    prefix: list[int]
    suffix: list[int]
    canvas: list[int]
    """The span's slots, masks where nothing is decided."""
    passes: int = field(default=0, init=False)
    grown: int = field(default=0, init=False)
    """Expansions so far; they are limited, because each may undo a deletion."""


def fill(
    model: Denoiser, holes: Sequence[Hole], ids: TokenIds, *, window: int, may_resize: bool, rows: int = 32
) -> None:
    """Fill all canvases in place. Each pass settles each hole's likeliest slot.

    With `may_resize` an answer may be `expand`, which puts two masks in the slot's place, or `delete`, which
    removes it and the masks behind it (DreamOn, arXiv 2602.01326); without, the length stays.
    """
    with torch.no_grad():
        for start in range(0, len(holes), rows):
            open_holes = [hole for hole in holes[start : start + rows] if ids.mask in hole.canvas]
            while open_holes:
                _pass(model, open_holes, ids, window, may_resize)
                open_holes = [hole for hole in open_holes if ids.mask in hole.canvas]


def settle(hole: Hole, slot: int, answer: int, ids: TokenIds) -> None:
    """Apply one answer to a mask of the canvas."""
    if answer == ids.expand:
        hole.canvas[slot : slot + 1] = [ids.mask, ids.mask]
        hole.grown += 1
    elif answer == ids.delete:
        hole.canvas[slot:] = [token for token in hole.canvas[slot:] if token != ids.mask]
    else:
        hole.canvas[slot] = answer
    hole.passes += 1


def _pass(model: Denoiser, holes: list[Hole], ids: TokenIds, window: int, may_resize: bool) -> None:
    rows, firsts = zip(*(_row(hole, window) for hole in holes), strict=True)
    hidden = model.hidden(torch.tensor(rows))
    for hole, first, states in zip(holes, firsts, hidden, strict=True):
        slots = [slot for slot, token in enumerate(hole.canvas) if token == ids.mask]
        logits = model.logits(states[torch.tensor(slots) + first])
        logits[:, ids.mask] = -torch.inf
        if not may_resize:
            logits[:, ids.delete] = -torch.inf
        if not may_resize or len(hole.canvas) >= LONGEST_CANVAS_TOKENS or hole.grown >= LONGEST_CANVAS_TOKENS:
            logits[:, ids.expand] = -torch.inf
        confidence, answers = logits.softmax(dim=-1).max(dim=-1)
        best = int(confidence.argmax())
        settle(hole, slots[best], int(answers[best]), ids)


def _row(hole: Hole, window: int) -> tuple[list[int], int]:
    """The tokens that the model sees, `window` of them, and where the canvas starts in them.

    What a longer canvas needs is taken from the suffix first.
    """
    behind = hole.suffix[: max(0, window - len(hole.prefix) - len(hole.canvas))]
    row = [*hole.prefix, *hole.canvas, *behind]
    surplus = max(0, len(row) - window)
    return row[surplus:], len(hole.prefix) - surplus
