"""Masked samplers by name."""

from collections.abc import Mapping

from runtime.errors import UsageError
from runtime.samplers.masked.base import MaskedSampler
from runtime.samplers.masked.blockwise import BlockwiseSampler
from runtime.samplers.masked.confidence import Confidence
from runtime.samplers.masked.entropy import Entropy
from runtime.samplers.masked.entropy_bounded import EntropyBounded
from runtime.samplers.masked.factor import Factor
from runtime.samplers.masked.low_confidence import LowConfidence
from runtime.samplers.masked.margin import Margin
from runtime.samplers.masked.p2 import P2
from runtime.samplers.masked.plan import Plan
from runtime.samplers.masked.remdm import RemdmCap, RemdmConf, RemdmLoop, RemdmRescale
from runtime.samplers.masked.settings import complete
from runtime.samplers.masked.threshold import Threshold
from runtime.samplers.masked.wino import Wino

MASKED_SAMPLERS: Mapping[str, type[BlockwiseSampler]] = {
    "confidence": Confidence,
    "margin": Margin,
    "entropy": Entropy,
    "low-confidence": LowConfidence,
    "threshold": Threshold,
    "factor": Factor,
    "eb": EntropyBounded,
    "p2": P2,
    "remdm-cap": RemdmCap,
    "remdm-rescale": RemdmRescale,
    "remdm-conf": RemdmConf,
    "remdm-loop": RemdmLoop,
    "wino": Wino,
}
"""Every sampler, in the order in which they are listed to users."""


def defaults(name: str) -> dict[str, float]:
    """The settings of a sampler and their default values.

    Raises:
        UsageError: no such sampler.
    """
    return complete(name, _sampler(name).SETTINGS, {})


def make_masked_sampler(
    name: str,
    *,
    settings: Mapping[str, float],
    slots: int,
    block_slots: int | None,
    origin: int,
    temperature: float,
    seed: int,
) -> MaskedSampler:
    """A sampler ready for one fill.

    `slots`: how many the canvas begins with; `block_slots`: how many are denoised together, None for
    all; `origin`: a slot at which a block begins, so that blocks can be laid over a block-causal model's
    own. Settings that are not given have their defaults.

    Raises:
        UsageError: no such sampler or setting, or a value out of range.
    """
    make = _sampler(name)
    plan = Plan(slots=slots, block_slots=block_slots, origin=origin, temperature=temperature, seed=seed)
    return make(plan, complete(name, make.SETTINGS, settings))


def _sampler(name: str) -> type[BlockwiseSampler]:
    if name not in MASKED_SAMPLERS:
        raise UsageError(f"There is no masked sampler {name!r}; choose one of {', '.join(MASKED_SAMPLERS)}.")
    return MASKED_SAMPLERS[name]
