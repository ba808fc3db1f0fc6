"""The two losses of a step. Know hidden states and layouts; know no layers.

Both look at a part of the vocabulary: the head's full height would cost as much as a third of the layers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax

from export.adaptation.decoder import AdaptedDecoder
from export.adaptation.layout import Ids, Laid, rows_of_interest


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Sums over the tokens of a pass, to be divided by a step's totals."""

    next_token: Tensor
    """Nats; of the clean span tokens."""
    masks: Tensor
    """Nats, weighted by slot."""
    right: Tensor
    """(slots,) masks whose likeliest token is the adapted model's own."""
    masks_by_slot: Tensor
    """(slots,)"""

    def total(self, next_weight: float, tokens: int, mask_weight: float) -> Tensor:
        """The loss to minimise; `tokens` and `mask_weight` are those of the whole step."""
        return next_weight * self.next_token / tokens + self.masks / max(mask_weight, 1e-9)


def slot_weight(laid: Laid, decay: float) -> float:
    """What an example's masks weigh in all."""
    return float((decay ** (laid.slot - 1.0)).sum())


def losses(decoder: AdaptedDecoder, examples: Sequence[Laid], shortlist: Ids) -> Losses:
    """Run the examples and sum up their losses; gradients flow to the adapters."""
    settings, device = decoder.settings, decoder.device
    passed = decoder(examples)
    rows = rows_of_interest(examples, shortlist)
    places = np.searchsorted(rows, np.concatenate([each.next_tokens for each in examples]))
    targets = torch.from_numpy(places).to(device)
    listed = torch.from_numpy(rows).to(device)
    clean = decoder.logits(passed.clean, listed)
    base = None if passed.base is None else decoder.logits(passed.base, listed)
    next_token = _next_token_loss(clean, base, targets, examples, settings.keep_weight)

    starts = np.cumsum([0, *(len(each.clean) for each in examples)])
    taught_by = np.concatenate(
        [each.taught_by + start for each, start in zip(examples, starts, strict=False)]
    )
    slot = torch.from_numpy(np.concatenate([each.slot for each in examples])).to(device)
    teacher = clean if settings.teacher == "own" else base
    assert teacher is not None, "a pass that the base teaches asks it"
    wanted = teacher.detach()[torch.from_numpy(taught_by).to(device)]
    drafted = decoder.logits(passed.masks, listed)
    weights = settings.slot_decay ** (slot - 1).float()
    mask_loss = (weights * -(wanted.softmax(-1) * log_softmax(drafted, -1)).sum(-1)).sum()
    with torch.no_grad():
        right = (drafted.argmax(-1) == wanted.argmax(-1)).float()
        zeros = torch.zeros(settings.slots, device=device)
        by_slot = zeros.index_add(0, slot - 1, torch.ones_like(right))
        right_by_slot = zeros.index_add(0, slot - 1, right)
    return Losses(next_token=next_token, masks=mask_loss, right=right_by_slot, masks_by_slot=by_slot)


def _next_token_loss(
    clean: Tensor, base: Tensor | None, targets: Tensor, examples: Sequence[Laid], keep: float
) -> Tensor:
    """Cross-entropy with the truth and, but where the text ends, with the base's own answers."""
    truth = cross_entropy(clean, targets, reduction="none")
    if base is None or keep == 0:
        return truth.sum()
    kept = -(base.softmax(-1) * log_softmax(clean, -1)).sum(-1)
    share = torch.full_like(truth, keep)
    ends = np.cumsum([len(each.clean) for each in examples]) - 1
    share[torch.from_numpy(ends).to(share.device)] = 0.0
    return ((1 - share) * truth + share * kept).sum()
