"""Greedy decoding one token at a time, in the plainest way: what every verified sampler must equal."""

from collections.abc import Sequence

from runtime.session import DenoiserSession
from runtime.stopping import StopRule, first_stop
from runtime.tokenizer import Tokenizer


def decode_greedily(
    session: DenoiserSession,
    tokenizer: Tokenizer,
    prompt: Sequence[int],
    *,
    healed: bytes = b"",
    end_tokens: frozenset[int] = frozenset(),
    rules: Sequence[StopRule] = (),
    limit: int,
) -> list[int]:
    """Tokens up to the one that ends the text, or `limit` of them. Empties the session's cache first."""
    session.truncate(0)
    written: list[int] = []
    newest = list(prompt)
    while len(written) < limit:
        answer = session.forward(newest, skip=len(newest) - 1)
        session.advance(len(newest))
        token = _healing(answer.top_ids[0].tolist(), tokenizer, written, healed)
        written.append(token)
        newest = [token]
        finished = token in end_tokens
        text = tokenizer.decode_bytes(written)
        if text.startswith(healed):
            hole = text[len(healed) :].decode("utf-8", "ignore")
            if first_stop(rules, hole, finished) is not None:
                break
        if finished:
            break
    return written


def _healing(candidates: list[int], tokenizer: Tokenizer, written: list[int], healed: bytes) -> int:
    """The likeliest candidate after which the text can still begin with `healed`."""
    so_far = tokenizer.decode_bytes(written)
    if so_far.startswith(healed) or not healed.startswith(so_far):
        return candidates[0]
    for token in candidates:
        piece = tokenizer.token_bytes(token)
        shared = min(len(so_far + piece), len(healed))
        if piece and (so_far + piece)[:shared] == healed[:shared]:
            return token
    return tokenizer.encode(healed[len(so_far) :].decode("utf-8", "replace"))[0]
