"""Lays examples out for one pass: context, clean span, and groups of masks that each follow an anchor.

Knows token places and who sees whom; does not know tensors of a model. One pass serves every anchor of an
example: its masks stand behind the span, at the positions that follow the anchor, and see the context, the
span up to the anchor, and each other. So a mask sees exactly what it will see in an editor.

    context c0 … cn | span s0 … sk | masks after s2 | masks after s5 | …
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from export.adaptation.settings import Settings

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A prompt as the runtime lays it out, and what belongs behind it."""

    prompt: Ids
    """(context,)"""
    span: Ids
    """(tokens,): the last one ends the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """One example, laid out. T is the number of tokens that run with adapters."""

    context: Ids
    """(C,) tokens that run through the base alone."""
    clean: Ids
    """(S,) the span without its last token; row i predicts `next_tokens[i]`."""
    next_tokens: Ids
    """(S,)"""
    ids: Ids
    """(T,) clean tokens, then masks."""
    positions: Ids
    """(T,) where each sits in the text."""
    visible: NDArray[np.bool_]
    """(T, C + T): whether token i sees context token j, or token j - C of these."""
    taught_by: Ids
    """(T - S,) for each mask, the clean row whose answer it is to give."""
    slot: Ids
    """(T - S,) each mask's place behind its anchor, from 1."""


def lay_out(example: Example, settings: Settings, mask: int, rng: np.random.Generator) -> Laid:
    """Choose anchors and lay the masks behind them.

    The mask at place j behind the anchor i predicts token i + j + 1, as the clean token i + j does. The
    prompt's last token may be an anchor too (i = -1). Masks whose answer would lie behind the text's end
    are left out.
    """
    count, context = len(example.span) - 1, len(example.prompt)
    possible = np.arange(-1, count - 1)
    chosen = possible
    if len(possible) > settings.anchors:
        chosen = np.sort(rng.choice(possible, settings.anchors, replace=False))
    anchor = np.repeat(chosen, settings.slots)
    slot = np.tile(np.arange(1, settings.slots + 1), len(chosen))
    inside = anchor + slot < count
    anchor, slot = anchor[inside], slot[inside]
    total = count + len(anchor)
    visible = np.zeros((total, context + total), bool)
    visible[:, :context] = True
    places = np.arange(count)
    visible[:count, context : context + count] = places[:, None] >= places[None, :]
    visible[count:, context : context + count] = anchor[:, None] >= places[None, :]
    same = anchor[:, None] == anchor[None, :]
    if settings.attention == "causal":
        same &= slot[:, None] >= slot[None, :]
    visible[count:, context + count :] = same
    return Laid(
        context=example.prompt,
        clean=example.span[:-1],
        next_tokens=example.span[1:],
        ids=np.concatenate([example.span[:-1], np.full(len(anchor), mask, np.int64)]),
        positions=np.concatenate([places, anchor + slot]) + context,
        visible=visible,
        taught_by=anchor + slot,
        slot=slot,
    )


def rows_of_interest(laid: Sequence[Laid], shortlist: Ids) -> Ids:
    """The vocabulary rows that a pass's losses look at: the shortlist and every true token, in order."""
    return np.unique(np.concatenate([shortlist, *(each.next_tokens for each in laid)]))
