"""Cache policies by name."""

from runtime.caches.base import CachePolicy
from runtime.caches.dual import DualCache
from runtime.caches.none import NoCache
from runtime.caches.prefix import PrefixCache
from runtime.errors import UsageError
from runtime.manifest import Manifest

BIDIRECTIONAL = ("none", "prefix", "dual")
BLOCK_CAUSAL = ("none", "exact")
"""A finished block's rows never change there, so that what is cached is exact."""


def cache_names(manifest: Manifest) -> tuple[str, ...]:
    """The policies a model can run with, the default one last."""
    if manifest.attention == "causal":
        return ("exact",)
    if manifest.cache is None:
        return ("none",)
    return BIDIRECTIONAL if manifest.attention == "bidirectional" else BLOCK_CAUSAL


def cache_name(spec: str | None, manifest: Manifest) -> str:
    """The policy name in `spec` (`dual`, `dual:4`), or the model's default; checked.

    Raises:
        UsageError: the model can't run with it, or the refresh interval is no count.
    """
    names = cache_names(manifest)
    name, colon, interval = (spec or names[-1]).partition(":")
    if name not in names:
        raise UsageError(f"{manifest.name} has no cache policy {name!r}; choose one of {', '.join(names)}.")
    if colon and not (name in ("prefix", "dual") and interval.isdecimal() and int(interval) > 0):
        raise UsageError(
            f"The cache policy {spec!r} is malformed; write for instance dual:4, to compute the rows again "
            "every 4 passes."
        )
    return name


def make_cache(spec: str | None, manifest: Manifest) -> CachePolicy:
    """The cache policy of a bidirectional model.

    `spec`: a name, with a refresh interval in passes after a colon; None for the model's default.

    Raises:
        UsageError: see `cache_name`.
    """
    name = cache_name(spec, manifest)
    _, _, interval = (spec or "").partition(":")
    if name == "none":
        return NoCache()
    refresh = int(interval) if interval else None
    return PrefixCache(refresh) if name == "prefix" else DualCache(refresh)
