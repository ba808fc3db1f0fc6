"""What an adapter is worth, on examples of packages that it never saw. One forward pass each; no decoding.

Agreement is what a draft needs: a mask's likeliest token must be the one that the model itself writes there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from export.adaptation.decoder import AdaptedDecoder
from export.adaptation.layout import Example, Laid, lay_out
from export.adaptation.store import Store

ANCHORS = 8
"""Of each validation example: agreement needs few, and each costs `slots` tokens."""

PASS_EXAMPLES = 4
ROWS = 256
"""Rows that the whole head is run on at once."""


@dataclass(slots=True)
class _Counts:
    """Sums over the validation examples."""

    tokens: int = 0
    ends: int = 0
    next_loss: float = 0.0
    base_loss: float = 0.0
    next_right: int = 0
    base_right: int = 0
    same_as_base: int = 0
    stopped: int = 0
    base_stopped: int = 0
    false_stops: int = 0
    base_false_stops: int = 0
    anchors: int = 0
    accepted: int = 0
    masks: list[int] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    base: list[int] = field(default_factory=list)


def choose_examples(store: Store, count: int) -> list[Example]:
    """The same `count` examples of a store each time, or all."""
    chosen = np.random.default_rng(0).permutation(len(store))[:count]
    return [store[int(index)] for index in chosen]


def validate(
    decoder: AdaptedDecoder, examples: Sequence[Example], *, mask: int, end_ids: frozenset[int], seed: int
) -> dict[str, Any]:
    """Figures over `examples`, the same masks each time; all answers are those of the whole vocabulary.

    `next_loss` nats a span token, and `next_top1` how many of them the model would have written, with
    `base_…` for the model without adapters. `slot_own` and `slot_base`: by slot, share of masks that agree
    with the adapted model's and with the base's own answer. `accepted`: drafts right before the first wrong
    one, mean over anchors. `stop_recall`: share of texts ended where they end; `false_stops`: share of other
    places ended at.
    """
    slots = decoder.settings.slots
    counts = _Counts(masks=[0] * slots, own=[0] * slots, base=[0] * slots)
    chosen = replace(decoder.settings, anchors=ANCHORS)
    laid = [
        lay_out(example, chosen, mask, np.random.default_rng((seed, 3, number)))
        for number, example in enumerate(examples)
    ]
    with torch.no_grad():
        for start in range(0, len(laid), PASS_EXAMPLES):
            _count(decoder, laid[start : start + PASS_EXAMPLES], end_ids, counts)
    tokens, others = counts.tokens, max(1, counts.tokens - counts.ends)

    def by_slot(right: Sequence[int]) -> list[float]:
        return [round(some / max(1, all_), 4) for some, all_ in zip(right, counts.masks, strict=True)]

    return {
        "next_loss": round(counts.next_loss / tokens, 4),
        "base_loss": round(counts.base_loss / tokens, 4),
        "next_top1": round(counts.next_right / tokens, 4),
        "base_top1": round(counts.base_right / tokens, 4),
        "same_as_base": round(counts.same_as_base / tokens, 4),
        "slot_own": by_slot(counts.own),
        "slot_base": by_slot(counts.base),
        "accepted": round(counts.accepted / max(1, counts.anchors), 4),
        "stop_recall": round(counts.stopped / counts.ends, 4),
        "base_stop_recall": round(counts.base_stopped / counts.ends, 4),
        "false_stops": round(counts.false_stops / others, 4),
        "base_false_stops": round(counts.base_false_stops / others, 4),
        "validation_tokens": tokens,
        "validation_masks": sum(counts.masks),
    }


def _count(decoder: AdaptedDecoder, laid: Sequence[Laid], end_ids: frozenset[int], counts: _Counts) -> None:
    passed = decoder(laid, with_base=True)
    assert passed.base is not None
    truth = torch.from_numpy(np.concatenate([each.next_tokens for each in laid])).to(decoder.device)
    own, own_loss = _answers(decoder, passed.clean, truth)
    base, base_loss = _answers(decoder, passed.base, truth)
    drafts, _ = _answers(decoder, passed.masks, None)
    is_end = np.zeros(len(truth), bool)
    is_end[np.cumsum([len(each.clean) for each in laid]) - 1] = True
    stops, base_stops = np.isin(own, list(end_ids)), np.isin(base, list(end_ids))
    counts.tokens += len(truth)
    counts.ends += len(laid)
    counts.next_loss += own_loss
    counts.base_loss += base_loss
    counts.next_right += int((own == truth.cpu().numpy()).sum())
    counts.base_right += int((base == truth.cpu().numpy()).sum())
    counts.same_as_base += int((own == base).sum())
    counts.stopped += int(stops[is_end].sum())
    counts.base_stopped += int(base_stops[is_end].sum())
    counts.false_stops += int(stops[~is_end].sum())
    counts.base_false_stops += int(base_stops[~is_end].sum())
    clean_start = mask_start = 0
    for each in laid:
        taught = each.taught_by + clean_start
        of_own = drafts[mask_start : mask_start + len(taught)] == own[taught]
        of_base = drafts[mask_start : mask_start + len(taught)] == base[taught]
        for slot in range(1, decoder.settings.slots + 1):
            counts.masks[slot - 1] += int((each.slot == slot).sum())
            counts.own[slot - 1] += int(of_own[each.slot == slot].sum())
            counts.base[slot - 1] += int(of_base[each.slot == slot].sum())
        for group in np.split(of_own, np.flatnonzero(each.slot == 1)[1:]) if len(taught) else ():
            counts.anchors += 1
            counts.accepted += int(np.cumprod(group).sum())
        clean_start += len(each.clean)
        mask_start += len(taught)


def _answers(decoder: AdaptedDecoder, hidden: Tensor, truth: Tensor | None) -> tuple[np.ndarray, float]:
    """Likeliest token of each row, and the summed loss of the true ones."""
    likeliest, loss = [], 0.0
    for start in range(0, len(hidden), ROWS):
        logits = decoder.logits(hidden[start : start + ROWS])
        likeliest.append(logits.argmax(-1).cpu().numpy())
        if truth is not None:
            loss += float(cross_entropy(logits, truth[start : start + ROWS], reduction="sum"))
    return np.concatenate(likeliest or [np.zeros(0, np.int64)]), loss
