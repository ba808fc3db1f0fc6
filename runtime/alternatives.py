"""Other texts for the same hole: where the model hesitated, go the other way and go on from there.

Greedy decoding says one thing. At each slot it committed, the runner-up says what it would have said
instead, and how nearly it did. A second candidate keeps the tokens before such a slot, commits the
runner-up there and decodes on as always; so it costs its own tokens, not the prompt's. Knows
canvases and token ids; runs nothing itself.
"""

from dataclasses import dataclass

from runtime.canvas import Canvas
from runtime.tokenizer import Tokenizer

WIDEST_GAP = 4.0
"""A runner-up this many nats (1 : 55) behind its winner is no alternative but a mistake."""

LINE_NATS = 1.0
"""A branch one line further down has to be this much closer: what differs should be seen at once."""

TRIES = 2
"""Branches decoded for each candidate wanted; some lead back to a text that is there already."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A slot where the text could have gone another way."""

    slot: int
    token: int
    """The runner-up: what takes the slot instead."""
    logprob: float
    """Of that token."""
    cost: float
    """How far behind it was, in nats, and how far down; the lowest is tried first."""


def find_branches(
    canvas: Canvas, tokenizer: Tokenizer, healed: bytes, text: str, end_tokens: frozenset[int]
) -> list[Branch]:
    """The places where `text`, a hole's finished text on `canvas`, could have gone another way.

    The best come first. Left out are the slots behind the text's end, tokens that end the text or
    break the `healed` text, and those that spell the same text in other tokens or other blanks.
    """
    length = len(healed) + len(text.encode())
    written = tokenizer.decode_bytes(canvas.committed)
    branches: list[Branch] = []
    start = 0
    for slot, chosen in enumerate(canvas.committed):
        if start > length:
            break
        line = written[len(healed) : start].count(b"\n")
        rest = written[start:]
        for token, logprob in zip(*canvas.candidates[slot], strict=True):
            other = tokenizer.token_bytes(token)
            gap = canvas.logprobs[slot] - logprob
            if token == chosen or token in end_tokens or gap > WIDEST_GAP:
                continue
            if _same(other, tokenizer.token_bytes(chosen)) or rest.startswith(other):
                continue
            begun = written[:start] + other
            if begun.startswith(healed) and len(begun) > len(healed):
                branches.append(Branch(slot, token, logprob, gap + LINE_NATS * line))
        start += len(tokenizer.token_bytes(chosen))
    return sorted(branches, key=lambda branch: (branch.cost, branch.slot))


def _same(one: bytes, other: bytes) -> bool:
    return one.strip() == other.strip()


def branched(canvas: Canvas, branch: Branch) -> Canvas:
    """A canvas that holds the slots before the branch and the branch's token, all committed."""
    result = Canvas(branch.slot + 1)
    for slot in range(branch.slot):
        result.commit(slot, canvas.ids[slot], canvas.logprobs[slot], canvas.candidates[slot])
    result.commit(branch.slot, branch.token, branch.logprob, canvas.candidates[branch.slot])
    return result


def likeness(text: str) -> str:
    """What two texts share that say the same: blanks and the kind of quotes make no difference."""
    return "".join(text.replace("'", '"').split())
