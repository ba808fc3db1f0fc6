"""Confidence intervals of shares, where rows come in clusters.

The holes of one problem are no independent samples. The variance of a share p over n rows in G clusters is
the cluster-robust one, G/(G-1) · Σ_g (Σ_i (y_gi - p))² / n² (Liang and Zeger 1986; for evaluations of
language models Miller 2024, arXiv 2411.00640, "clustered standard errors"). It makes an effective number of
rows p(1-p)/variance, at most n (Korn and Graubard 1998), for Wilson's score interval (Wilson 1927), which
stays within 0 and 1 and has a width where every row passes, too.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

_Z = NormalDist().inv_cdf(0.975)


def clustered_interval(passed: Sequence[bool], clusters: Sequence[str]) -> tuple[float, float] | None:
    """The 95 % interval of the share of `passed`; `clusters` names each row's. None for fewer than two."""
    n, groups = len(passed), defaultdict[str, float](float)
    if not n:
        return None
    share = sum(passed) / n
    for ok, cluster in zip(passed, clusters, strict=True):
        groups[cluster] += ok - share
    count = len(groups)
    if count < 2:
        return None
    variance = count / (count - 1) * sum(total * total for total in groups.values()) / n**2
    # Without any variance seen, the clusters themselves are what was sampled.
    effective = min(n, share * (1 - share) / variance) if variance > 1e-12 else float(count)
    return _wilson(share, effective)


def _wilson(share: float, n: float) -> tuple[float, float]:
    spread = _Z * _Z / n
    centre = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)
