"""Where to cut text that never met the suffix: the place from which the suffix is likeliest to follow.

A model that fills a hole left to right sees the suffix, but may write past it. Each slot's
candidates say, for nothing, where the suffix could have begun; the most promising places are then
scored by running the suffix's beginning behind them, and the hole ends where hole and suffix
together are likeliest. A candidate token may end the hole and begin the suffix at once, which heals
the tokens at the hole's right end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.canvas import Canvas
from runtime.denoisers.causal import CausalDenoiser
from runtime.predictions import Predictions
from runtime.stopping.scope_exit import indentation
from runtime.tokenizer import Tokenizer

HEAD_CHARACTERS = 12
"""The suffix is judged by its first lines with this many characters that are not white space."""

HEAD_LIMIT = 64
SCORED = 8
"""Places that are scored by a pass."""

UNLISTED = 2.0
"""A token that is not among the candidates is this much less likely than the last one, in nats."""

HOLE_WEIGHT = 0.5
"""How much the hole's own log-probability counts against the suffix's. At 1 short holes win too
often: greedy text is likelier than it looks, since its alternatives were other spellings of it."""


@dataclass(frozen=True, slots=True)
class Join:
    """A place where the hole may end."""

    slot: int
    """Committed slots before it."""
    token: int
    """The token that crosses from hole to suffix."""
    hole: bytes
    """The hole's text if it ends here."""
    covered: int
    """Bytes of the suffix that the token covers."""
    logprob: float
    """Of that token."""


def suffix_head(suffix: str) -> str:
    """The suffix's first lines, enough of them to be told from other text."""
    solid = 0
    for index, character in enumerate(suffix[:HEAD_LIMIT]):
        solid += not character.isspace()
        if character == "\n" and solid >= HEAD_CHARACTERS:
            return suffix[: index + 1]
    return suffix[:HEAD_LIMIT]


def find_joins(
    canvas: Canvas, tokenizer: Tokenizer, healed: bytes, suffix: str, *, at_line_start: bool
) -> list[Join]:
    """Places where the suffix could begin, by the candidates of each slot.

    With `at_line_start`, the suffix begins a line of its own and so must the place.
    """
    target = suffix.encode()
    best: dict[bytes, Join] = {}
    written = b""
    for slot in range(canvas.frontier):
        before = written[len(healed) :] if written.startswith(healed) else None
        written += tokenizer.token_bytes(canvas.ids[slot])
        if before is None:
            continue
        ids, logprobs = canvas.candidates[slot]
        for token, logprob in zip(ids, logprobs, strict=True):
            text = tokenizer.token_bytes(token)
            for split in range(len(text)):
                crossing = text[split:]
                if not (target.startswith(crossing) or crossing.startswith(target)):
                    continue
                hole = before + text[:split]
                if not hole.strip() or (at_line_start and not hole.endswith((b"\n", b"\r"))):
                    continue
                if hole not in best or best[hole].logprob < logprob:
                    best[hole] = Join(slot, token, hole, len(crossing), logprob)
    return list(best.values())


def best_join(
    canvas: Canvas,
    denoiser: CausalDenoiser,
    tokenizer: Tokenizer,
    healed: bytes,
    suffix: str,
    *,
    at_line_start: bool,
    plausible: "Plausible",
) -> bytes | None:
    """The hole's text up to the best place, or None where the suffix fits nowhere.

    Runs up to SCORED short passes; the cache loses the rows behind the places it looks at.
    """
    joins = [
        join
        for join in find_joins(canvas, tokenizer, healed, suffix, at_line_start=at_line_start)
        if plausible(join.hole.decode("utf-8", "ignore"))
    ]
    joins.sort(key=lambda join: join.logprob, reverse=True)
    head = suffix_head(suffix).encode()
    scored: list[tuple[float, Join]] = []
    # From the back, so that the rows in front are still there.
    for join in sorted(joins[:SCORED], key=lambda join: join.slot, reverse=True):
        rest = tokenizer.encode(head[join.covered :].decode("utf-8", "ignore"))
        score = join.logprob + HOLE_WEIGHT * sum(canvas.logprobs[: join.slot])
        if rest:
            predictions = denoiser.score(join.slot, [join.token, *rest[:-1]])
            score += _logprob(predictions, rest)
        scored.append((score, join))
    if not scored:
        return None
    return max(scored, key=lambda pair: pair[0])[1].hole


def _logprob(predictions: Predictions, tokens: Sequence[int]) -> float:
    total = 0.0
    for row, token in enumerate(tokens):
        places = (predictions.top_ids[row] == token).nonzero()[0]
        if len(places):
            total += float(predictions.top_logprobs[row, places[0]])
        else:
            total += float(predictions.top_logprobs[row, -1]) - UNLISTED
    return total


class Plausible:
    """Whether the suffix can follow a hole, as far as indentation tells."""

    def __init__(self, prefix: str, suffix: str) -> None:
        self._prefix = prefix
        lines = [line for line in suffix.split("\n") if line.strip()]
        self._indent = indentation(lines[0]) if lines else 0
        self._active = bool(lines) and lines[0].lstrip()[0] not in ")]}"

    def __call__(self, hole: str) -> bool:
        """True unless the suffix's first line would be indented for no reason, or too little.

        Only a line that opens a block is followed by a deeper one, and is followed by nothing else.
        """
        if not self._active or not hole.endswith("\n"):
            return True
        above = [line for line in (self._prefix + hole).split("\n") if line.strip()]
        if not above:
            return True
        last = above[-1]
        opens = last.rstrip().endswith((":", "{", "(", "["))
        deeper = self._indent > indentation(last)
        if opens or deeper:
            return opens and deeper
        if self._indent == indentation(last):
            return True
        for line in reversed(above):
            # Back at an outer block: some line above has to stand at this very depth.
            if indentation(line) <= self._indent:
                return indentation(line) == self._indent
        return self._indent == 0
