"""What only our engine has: its memory, what a pass costs by width, how quickly it stops.

Knows requests and clocks; prints nothing.
"""

import os
import threading
import time
from collections.abc import Iterator

from lsp_server.cli.bench_case import Case
from lsp_server.cli.bench_contexts import forget
from lsp_server.cli.bench_plan import Plan, Tell
from lsp_server.cli.bench_prompts import long_prefix
from runtime import CancelToken, FillCancelled, FillEngine, FillRequest, FillResult

CANCELLED_CONTEXT = 512


def engine_cases(engine: FillEngine, plan: Plan, tell: Tell, peer_mb: float | None = None) -> Iterator[Case]:
    """Measure an engine that has filled something; `peer_mb` is the memory of a peer that has, too."""
    yield Case(name="resident memory after a fill", unit="MB", ours=_resident_mb(), peer=peer_mb)
    tell("pass cost by width", 0.0)
    engine.calibrate(again=True)
    for width, cost in engine.cost.by_width.items():
        yield Case(name=f"pass of {width} tokens", unit="ms", ours=cost)
    tell("cancelling", 0.0)
    yield Case.of("cancel while reading", "ms", _cancels(engine, plan.repeat, 0))
    yield Case.of("cancel while writing", "ms", _cancels(engine, plan.repeat, 2))


def _cancels(engine: FillEngine, repeat: int, frames: int) -> list[float]:
    """From the call to an idle engine, after `frames` passes, or in the prefill where that is 0."""
    prefix = long_prefix(engine.count_tokens, CANCELLED_CONTEXT)
    request = FillRequest(prefix=prefix, mode="region", max_tokens=256)
    return [_cancelled_after(engine, request, frames) for _ in range(repeat)]


def _cancelled_after(engine: FillEngine, request: FillRequest, frames: int) -> float:
    forget(engine)
    token, reached, ended = CancelToken(), threading.Event(), []

    def fill() -> None:
        try:
            for number, item in enumerate(engine.fill(request, token), 1):
                if isinstance(item, FillResult) or number == frames:
                    reached.set()
        except FillCancelled:
            ended.append(time.perf_counter())
        reached.set()

    worker = threading.Thread(target=fill)
    worker.start()
    # Long enough to be inside the prefill, short enough not to be past it.
    reached.wait(None if frames else 0.1)
    asked = time.perf_counter()
    token.cancel()
    worker.join()
    return (ended[0] - asked) * 1e3 if ended else 0.0


def _resident_mb() -> float:
    import psutil

    return float(psutil.Process(os.getpid()).memory_info().rss) / 1e6
