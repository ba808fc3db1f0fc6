"""What a pass costs with and without rows that are reused.

    python -m benchmarks.caches --model FOLDER [--context 512] [--slots 32] [--passes 20] [--json]

Runs a bidirectional model's passes over the same masked span, the policies in turn, so that all of them see
the same load; the pass that fills the cache is timed apart.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

from runtime.caches.base import CachePolicy
from runtime.caches.dual import DualCache
from runtime.caches.none import NoCache
from runtime.caches.prefix import PrefixCache
from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.denoisers.bidirectional import BidirectionalDenoiser
from runtime.errors import UsageError
from runtime.session import DenoiserSession
from runtime.store import resolve

POLICIES: tuple[type[CachePolicy], ...] = (NoCache, PrefixCache, DualCache)


def measure(folder: Path, context: int, slots: int, passes: int) -> dict[str, dict[str, float]]:
    """Milliseconds by policy: the first pass, and the median of those after it."""
    found: dict[str, list[float]] = {policy.name: [] for policy in POLICIES}
    first: dict[str, float] = {}
    runs = []
    for policy in POLICIES:
        # A session each: their caches must not share memory.
        session = DenoiserSession(folder)
        if session.manifest.attention != "bidirectional" or session.manifest.cache is None:
            raise UsageError(f"{folder} is no bidirectional model with a cache.")
        text = [token % session.manifest.graph.vocabulary_size for token in range(7, 7 + context)]
        denoiser = BidirectionalDenoiser(session, policy())
        denoiser.begin(text[: context * 3 // 4], text[context * 3 // 4 :], CancelToken())
        runs.append((policy.name, denoiser))
    canvas, block = Canvas(slots), range(slots)
    for number in range(passes + 1):
        for name, denoiser in runs:
            start = time.perf_counter()
            denoiser.predict(canvas, block)
            elapsed = (time.perf_counter() - start) * 1e3
            if number == 0:
                first[name] = elapsed
            else:
                found[name].append(elapsed)
    return {
        name: {"first_ms": first[name], "pass_ms": statistics.median(times)} for name, times in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--slots", type=int, default=32)
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure(resolve(options.model), options.context, options.slots, options.passes)
    plain = figures["none"]["pass_ms"]
    for name, row in figures.items():
        row["times_faster"] = plain / row["pass_ms"]
        if not options.json:
            print(
                f"{name:<8} first pass {row['first_ms']:8.1f} ms   later {row['pass_ms']:8.2f} ms   "
                f"{row['times_faster']:.1f} times as fast as none"
            )
    if options.json:
        json.dump({"context": options.context, "slots": options.slots, "policies": figures}, sys.stdout)


if __name__ == "__main__":
    main()
