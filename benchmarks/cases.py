"""What is compared: samplers with their settings, length policies, cache policies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lsp_server.evaluation.length_knowledge import Knowledge, knowledge_of
from runtime.caches.registry import cache_names, make_cache
from runtime.errors import UsageError
from runtime.lengths.registry import make_length
from runtime.manifest import Manifest
from runtime.samplers.masked.registry import MASKED_SAMPLERS

Settings = tuple[tuple[str, float], ...]

SWEEPS: Mapping[str, Sequence[Settings]] = {
    **dict.fromkeys(
        ("confidence", "margin", "entropy", "low-confidence", "p2"),
        ((("steps", 12),), (("steps", 6),), (("steps", 3),)),
    ),
    **dict.fromkeys(
        ("remdm-cap", "remdm-rescale", "remdm-conf", "remdm-loop"), ((("steps", 12),), (("steps", 6),))
    ),
    "threshold": ((("tau", 0.7),), (("tau", 0.5),), (("tau", 0.3),)),
    "factor": ((("factor", 0.5),), (("factor", 2),), (("factor", 4),)),
    "eb": ((("gamma", 0.5),), (("gamma", 1.5),), (("gamma", 4),)),
    "wino": ((("accept", 0.8),), (("accept", 0.4), ("keep", 0.7))),
}
"""Settings beside the defaults, from careful to fast: the points of the plot."""

LENGTHS = ("auto", "expand-delete:8", "cal", "daedal", "blocks", "fixed:16", "oracle")
CACHES = ("none", "prefix:4", "dual:4", "dual")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One way to fill a hole."""

    sampler: str
    settings: Settings = ()
    length: str
    """As a request has it, but `oracle` alone: each row tells its own length."""
    cache: str = "none"

    @property
    def knowledge(self) -> Knowledge:
        """What the policy knows of the length."""
        return knowledge_of(self.length)

    @property
    def setting_text(self) -> str:
        """The settings that aren't defaults."""
        return ", ".join(f"{name} {value:g}" for name, value in self.settings)

    def length_of(self, tokens: int) -> str:
        """The policy for a hole of `tokens` tokens."""
        return f"oracle:{max(tokens, 1)}" if self.length == "oracle" else self.length


def possible_lengths(specs: Iterable[str], manifest: Manifest) -> list[str]:
    """Those of `specs` that the model's tokens allow, `auto` by the name of what it stands for.

    Raises:
        UsageError: one is malformed, or ruled out and not among the usual ones, `LENGTHS`.
    """
    found: list[str] = []
    for spec in specs:
        asked = "oracle:1" if spec == "oracle" else spec
        try:
            policy = make_length(
                asked,
                tokens=manifest.tokens,
                origin=0,
                block_length=manifest.block_length,
                default_slots=1,
            )
        except UsageError:
            if spec not in LENGTHS:
                raise
            continue
        name = policy.name if spec == "auto" else spec
        if name not in found:
            found.append(name)
    return found


def possible_caches(specs: Iterable[str], manifest: Manifest) -> list[str]:
    """Those of `specs` that the model can run with.

    Raises:
        UsageError: it can't run with one that isn't among the usual ones, `CACHES`.
    """
    found: list[str] = []
    for spec in specs:
        if spec in CACHES and spec.partition(":")[0] not in cache_names(manifest):
            continue
        make_cache(spec, manifest)
        found.append(spec)
    return found


def star(samplers: Sequence[str], lengths: Sequence[str], caches: Sequence[str]) -> list[Case]:
    """Samplers by lengths without a cache, samplers by caches at the first length, and the sweeps.

    The sweeps run at the first length of each kind of knowledge.
    """
    cases = [Case(sampler=sampler, length=length) for sampler in samplers for length in lengths]
    cases += [
        Case(sampler=sampler, length=lengths[0], cache=cache) for sampler in samplers for cache in caches
    ]
    firsts = {Case(sampler="", length=length).knowledge: length for length in reversed(lengths)}
    cases += [
        Case(sampler=sampler, settings=settings, length=length)
        for sampler in samplers
        for settings in SWEEPS[sampler]
        for length in firsts.values()
    ]
    return list(dict.fromkeys(cases))


def cross(samplers: Sequence[str], lengths: Sequence[str], caches: Sequence[str]) -> list[Case]:
    """Every sampler with every length and every cache."""
    return [
        Case(sampler=sampler, length=length, cache=cache)
        for sampler in samplers
        for length in lengths
        for cache in caches
    ]


def check_samplers(names: Iterable[str]) -> None:
    """Refuse samplers that don't exist.

    Raises:
        UsageError: naming the first of them.
    """
    for name in names:
        if name not in MASKED_SAMPLERS:
            raise UsageError(f"There is no sampler {name!r}; choose from {', '.join(MASKED_SAMPLERS)}.")
