"""Committing the slots a sampler has picked, as far as the constraint lets it."""

from collections.abc import Callable, Sequence

from runtime.canvas import Canvas
from runtime.constraints.base import Constraint
from runtime.samplers.masked.token_choice import Offer


def ranked(offers: Sequence[Offer], score: Callable[[Offer], float]) -> list[Offer]:
    """The highest score first, left to right where scores are equal."""
    return sorted(offers, key=lambda offer: (-score(offer), offer.slot))


def settle(
    canvas: Canvas,
    picked: Sequence[Offer],
    others: Sequence[Offer],
    constraint: Constraint,
    *,
    final: bool,
) -> int:
    """Commit `picked` in their order; returns how many slots were committed.

    A slot takes its first admissible candidate. One that has none stays masked, for the slots around it
    may yet change what is admissible. `others` are tried, in order, only where not one of `picked` could
    be committed; where none of those can be either, the first slot of all takes its first candidate, so
    that each pass settles something. A `final` pass leaves no slot of `picked` behind.
    """
    refused = [offer for offer in picked if not _commit(canvas, offer, constraint)]
    count = len(picked) - len(refused)
    if final:
        for offer in refused:
            _put(canvas, offer, offer.order[0])
        return len(picked)
    if count or not picked:
        return count
    if not any(_commit(canvas, offer, constraint) for offer in others):
        _put(canvas, picked[0], picked[0].order[0])
    return 1


def _commit(canvas: Canvas, offer: Offer, constraint: Constraint) -> bool:
    for index in offer.order:
        if constraint.admits(canvas, offer.slot, offer.ids[index]):
            _put(canvas, offer, index)
            return True
    return False


def _put(canvas: Canvas, offer: Offer, index: int) -> None:
    canvas.commit(offer.slot, offer.ids[index], offer.logprobs[index], (offer.ids, offer.logprobs))
