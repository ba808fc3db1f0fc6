"""Lines, keystrokes, prefill and long fills, at our engine and at the peer in turn: A B A B.

Each prompt is run on one side and at once on the other, so that whatever else the machine does meets both.
Prints nothing.
"""

from collections.abc import Iterator

from lsp_server.cli.bench_case import Better, Case
from lsp_server.cli.bench_peer_filling import PeerFiller
from lsp_server.cli.bench_plan import Plan, Tell
from lsp_server.cli.bench_prompts import FILL_TOKENS, Hole, line_holes, long_fills, long_prefix
from runtime import FillEngine, FillRequest, Frame


def context_cases(engine: FillEngine, peer: PeerFiller | None, plan: Plan, tell: Tell) -> Iterator[Case]:
    """Measure everything that both sides can do."""
    engine.complete(
        line_holes(engine.count_tokens, plan.contexts[0], 1)[0].request
    )  # the first run allocates
    for tokens in plan.contexts:
        yield from _lines(engine, peer, plan, tokens, tell)
    for tokens in plan.contexts:
        yield from _prefill(engine, peer, plan, tokens, tell)
    yield from _long_fills(engine, peer, plan, tell)


def forget(engine: FillEngine) -> None:
    """Fill something else, so that nothing of the next prompt is in the context cache."""
    engine.complete(FillRequest(prefix="~", suffix="~", mode="line", max_tokens=1))


class _Pair:
    """The samples of both sides for one case."""

    def __init__(self, name: str, unit: str, better: Better = "lower") -> None:
        self._name, self._unit, self._better = name, unit, better
        self.ours: list[float] = []
        self.peers: list[float] = []

    def case(self) -> Iterator[Case]:
        if self.ours:
            yield Case.of(self._name, self._unit, self.ours, self._better, self.peers)


def _lines(
    engine: FillEngine, peer: PeerFiller | None, plan: Plan, tokens: int, tell: Tell
) -> Iterator[Case]:
    context = f"{tokens} tokens of context"
    cold = _Pair(f"cold first line, {context}", "ms")
    again = _Pair(f"first line asked again, {context}", "ms")
    typed = _Pair(f"finished line after one more character, {context}", "ms")
    holes = line_holes(engine.count_tokens, tokens, plan.repeat)
    for number, hole in enumerate(holes):
        tell(f"first lines and keystrokes, {context}", number / len(holes))
        forget(engine)
        _run(cold, hole.request, engine, peer, keep=False)
        _run(again, hole.request, engine, peer, keep=True)
        _type(typed, hole, engine, peer)
    for pair in (cold, again, typed):
        yield from pair.case()


def _type(pair: _Pair, hole: Hole, engine: FillEngine, peer: PeerFiller | None) -> None:
    """Half of a line, untimed, and then one character more."""
    before = hole.typed(back=1)
    engine.complete(before)
    if peer is not None:
        peer.finished_ms(before, keep=True)
    _run(pair, hole.typed(), engine, peer, keep=True)


def _run(pair: _Pair, request: FillRequest, engine: FillEngine, peer: PeerFiller | None, keep: bool) -> None:
    pair.ours.append(engine.complete(request).total_ms)
    if peer is not None:
        pair.peers.append(peer.finished_ms(request, keep=keep))


def _prefill(
    engine: FillEngine, peer: PeerFiller | None, plan: Plan, tokens: int, tell: Tell
) -> Iterator[Case]:
    request = FillRequest(prefix=long_prefix(engine.count_tokens, tokens), mode="line", max_tokens=1)
    pair = _Pair(f"prefill of {tokens} tokens", "tokens/s", "higher")
    for turn in range(plan.repeat):
        tell(f"prefill of {tokens} tokens", turn / plan.repeat)
        forget(engine)
        result = engine.complete(request)
        pair.ours.append((result.prompt_tokens - result.cached_tokens) / result.prefill_ms * 1e3)
        if peer is not None:
            pair.peers.append(peer.prefill_rate(request))
    yield from pair.case()


def _long_fills(engine: FillEngine, peer: PeerFiller | None, plan: Plan, tell: Tell) -> Iterator[Case]:
    name = f"fill of {FILL_TOKENS} tokens"
    rates, shares = _Pair(name, "tokens/s", "higher"), _Pair(name, "tokens/pass", "higher")
    requests = long_fills(plan.repeat)
    for number, request in enumerate(requests):
        tell(name, number / len(requests))
        rates.ours += _written(engine, request, shares.ours)
        if peer is not None:
            rates.peers += peer.writing_rates(request)
    # A model that ends every text at once has no rate.
    yield from rates.case()
    yield from shares.case()


def _written(engine: FillEngine, request: FillRequest, shares: list[float]) -> list[float]:
    """Tokens a second after the first pass; nothing where there was no second one."""
    frames = [item for item in engine.fill(request) if isinstance(item, Frame)]
    first, last = frames[0], frames[-1]
    if len(frames) < 2:
        return []
    shares.append(last.committed_tokens / last.pass_index)
    return [(last.committed_tokens - first.committed_tokens) / (last.elapsed_ms - first.elapsed_ms) * 1e3]
