"""What the engine takes on this machine: first lines, keystrokes, passes, prefill, long fills, cancelling.

The prompts are holes in the example files. Knows requests and clocks; prints nothing.
"""

import bisect
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from lsp_server.cli.bench_case import Case
from lsp_server.cli.examples import example
from lsp_server.languages import language_of_path
from runtime import CancelToken, FillCancelled, FillEngine, FillRequest, FillResult, Frame

CONTEXT_TOKENS = 256
PREFIX_TOKENS = 192
"""Of the context, how much lies before the hole."""
LONG_CONTEXT_TOKENS = 512
FILL_TOKENS = 64
LINE_TOKENS = 48

LINES = (
    ("inventory.py", "item = self.items[sku]"),
    ("inventory.py", "low = [item for item"),
    ("inventory.py", 'marker = "!"'),
    ("intervals.py", "result: list[Interval]"),
    ("intervals.py", "free = []"),
    ("lru_cache.ts", "const lifetime ="),
    ("lru_cache.ts", "const known ="),
    ("lru_cache.ts", "let dropped ="),
)
"""Lines of the example files that are taken out and written again: the file and how the line begins."""

HEADS = (("inventory.py", "def report"), ("intervals.py", "def gaps"), ("lru_cache.ts", "async getOr"))
"""Beginnings of functions: what follows in the file is taken away and the model goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A line taken out."""

    request: FillRequest
    line: str
    """What it was."""

    def typed(self, back: int = 0) -> FillRequest:
        """The request when half of the line is typed again, less `back` characters."""
        half = len(self.line) - len(self.line.lstrip()) // 2
        return replace(self.request, prefix=self.request.prefix + self.line[: half - back])


def engine_cases(engine: FillEngine, repeat: int, tell: Callable[[str], None]) -> Iterator[Case]:
    """Measure everything; medians of at least `repeat` runs. `tell` hears what is being measured."""
    holes = [_line_hole(engine, *LINES[turn % len(LINES)]) for turn in range(max(repeat, len(LINES)))]
    engine.complete(holes[0].request)  # the first run allocates
    yield from _lines(engine, holes, tell)
    yield Case(name="resident memory after a fill", unit="MB", ours=_resident_mb())
    tell("pass cost by width")
    engine.calibrate(again=True)
    for width, cost in engine.cost.by_width.items():
        yield Case(name=f"pass of {width} tokens", unit="ms", ours=cost)
    tell("prefill")
    name = f"prefill of {LONG_CONTEXT_TOKENS} tokens"
    yield Case.of(name, "tokens/s", _prefill_rates(engine, repeat), better="higher")
    yield from _long_fills(engine, repeat, tell)
    tell("cancelling")
    yield Case.of("cancel while reading", "ms", _cancels(engine, repeat, 0))
    yield Case.of("cancel while writing", "ms", _cancels(engine, repeat, 2))


def _lines(engine: FillEngine, holes: list[Hole], tell: Callable[[str], None]) -> Iterator[Case]:
    tell("first lines")
    cold = []
    for hole in holes:
        _forget(engine)
        cold.append(engine.complete(hole.request).total_ms)
    yield Case.of(f"cold first line, {CONTEXT_TOKENS} tokens of context", "ms", cold)
    tell("keystrokes")
    warm = []
    for hole in holes:
        engine.complete(hole.typed(back=1))
        warm.append(engine.complete(hole.typed()).total_ms)
    yield Case.of("finished line after one more character", "ms", warm)


def _line_hole(engine: FillEngine, file: str, begin: str) -> Hole:
    """A line to write again, with the context cut to its length in tokens."""
    text = example(file)
    start = text.index(begin)
    end = text.index("\n", start)
    line_start = text.rindex("\n", 0, start) + 1
    before = _last_tokens(text[:line_start], PREFIX_TOKENS, engine.count_tokens)
    left = CONTEXT_TOKENS - engine.count_tokens(before)
    after = _first_tokens(text[end:], left, engine.count_tokens)
    request = FillRequest(
        prefix=before,
        suffix=after,
        mode="line",
        language=language_of_path(file),
        max_tokens=LINE_TOKENS,
    )
    return Hole(request=request, line=text[line_start:end])


def _last_tokens(text: str, tokens: int, count: Callable[[str], int]) -> str:
    start = bisect.bisect_left(range(len(text)), -tokens, key=lambda at: -count(text[at:]))
    return text[start:]


def _first_tokens(text: str, tokens: int, count: Callable[[str], int]) -> str:
    end = bisect.bisect_right(range(len(text) + 1), tokens, key=lambda at: count(text[:at]))
    return text[: max(0, end - 1)]


def _forget(engine: FillEngine) -> None:
    """Fill something else, so that nothing of the next prompt is in the context cache."""
    engine.complete(FillRequest(prefix="~", suffix="~", mode="line", max_tokens=1))


def _long_prefix(engine: FillEngine) -> str:
    text = "\n\n".join(example(file) for file in dict(LINES))
    return _last_tokens(text, LONG_CONTEXT_TOKENS, engine.count_tokens)


def _prefill_rates(engine: FillEngine, repeat: int) -> list[float]:
    request = FillRequest(prefix=_long_prefix(engine), mode="line", max_tokens=1)
    rates = []
    for _ in range(repeat):
        _forget(engine)
        result = engine.complete(request)
        rates.append((result.prompt_tokens - result.cached_tokens) / result.prefill_ms * 1e3)
    return rates


def _long_fills(engine: FillEngine, repeat: int, tell: Callable[[str], None]) -> Iterator[Case]:
    tell(f"fills of {FILL_TOKENS} tokens")
    rates, shares = [], []
    for turn in range(max(repeat, len(HEADS))):
        file, begin = HEADS[turn % len(HEADS)]
        text = example(file)
        request = FillRequest(
            prefix=text[: text.index(begin) + len(begin)],
            mode="region",
            language=language_of_path(file),
            max_tokens=FILL_TOKENS,
        )
        frames = [item for item in engine.fill(request) if isinstance(item, Frame)]
        first, last = frames[0], frames[-1]
        if len(frames) > 1:
            written = last.committed_tokens - first.committed_tokens
            rates.append(written / (last.elapsed_ms - first.elapsed_ms) * 1e3)
            shares.append(last.committed_tokens / last.pass_index)
    if not rates:
        return  # a model that ends every text at once has no rate
    name = f"fill of {FILL_TOKENS} tokens"
    yield Case.of(name, "tokens/s", rates, better="higher")
    yield Case.of(name, "tokens/pass", shares, better="higher")


def _cancels(engine: FillEngine, repeat: int, frames: int) -> list[float]:
    """From the call to an idle engine, after `frames` passes, or in the prefill where that is 0."""
    request = FillRequest(prefix=_long_prefix(engine), mode="region", max_tokens=256)
    return [_cancelled_after(engine, request, frames) for _ in range(repeat)]


def _cancelled_after(engine: FillEngine, request: FillRequest, frames: int) -> float:
    _forget(engine)
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
