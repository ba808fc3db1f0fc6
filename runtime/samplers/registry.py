"""Samplers by name."""

from collections.abc import Callable, Mapping, Sequence

from runtime.drafts.acceptance import Acceptance
from runtime.drafts.base import DraftSource
from runtime.drafts.jacobi import JacobiGuess
from runtime.drafts.lookup import ContextLookup
from runtime.drafts.masks import MaskDrafts
from runtime.drafts.previous import PreviousText
from runtime.errors import UsageError
from runtime.pass_cost import PassCost
from runtime.samplers.base import Sampler
from runtime.samplers.self_verify import SelfVerify

SOURCES: Mapping[str, tuple[Callable[[], DraftSource], ...]] = {
    "self-verify": (PreviousText, ContextLookup, JacobiGuess),
    "jacobi": (JacobiGuess,),
    "lookup": (PreviousText, ContextLookup),
    "greedy": (),
}
"""Draft sources of each verified sampler. All give the same text; they differ in passes."""

MASKED = frozenset({"self-verify"})
"""Those that let an adapter's masks draft as well."""


def make_sampler(
    name: str,
    *,
    context: Sequence[int],
    previous: Sequence[int],
    acceptance: Acceptance,
    cost: PassCost,
    end_tokens: frozenset[int],
    mask_slots: int = 0,
) -> Sampler:
    """A sampler ready for one fill. `mask_slots`: how many masks the model's adapter can fill at once.

    Raises:
        UsageError: no such sampler.
    """
    if name not in SOURCES:
        raise UsageError(f"There is no sampler {name!r}; choose one of {', '.join(SOURCES)}.")
    sources = [make() for make in SOURCES[name]]
    masks = MaskDrafts(mask_slots) if mask_slots and name in MASKED else None
    if masks is not None:
        sources.append(masks)
    for source in sources:
        source.begin(context, previous)
    return SelfVerify(sources, acceptance, cost, end_tokens, masks)
