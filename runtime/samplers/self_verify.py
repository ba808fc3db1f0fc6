"""Draft in parallel, verify left to right: the answer of one-token-at-a-time greedy decoding, sooner.

Each pass runs the drafts of the pass before. A draft that equals the model's own answer, given the
committed text and the right drafts before it, is committed; the first that does not is replaced by
that answer, and the rest are thrown away. (TiDAR, arXiv 2511.08923; speculative decoding,
arXiv 2211.17192.)
"""

from collections.abc import Sequence

from runtime.canvas import Canvas
from runtime.constraints.healing import HealingConstraint
from runtime.drafts.acceptance import Acceptance
from runtime.drafts.base import Draft, DraftSource
from runtime.pass_cost import MAX_DRAFTS, PassCost
from runtime.predictions import Predictions

BLOCK_SLOTS = 16
"""Masked slots shown ahead of the frontier."""


class SelfVerify:
    """Greedy decoding with verified drafts; with no draft sources, plain greedy decoding."""

    def __init__(
        self,
        sources: Sequence[DraftSource],
        acceptance: Acceptance,
        cost: PassCost,
        end_tokens: frozenset[int],
    ) -> None:
        """`sources` are asked in order; the first that has a draft worth its time is used."""
        self._sources = sources
        self._acceptance = acceptance
        self._cost = cost
        self._end_tokens = end_tokens
        self._draft: Draft | None = None

    def prepare(self, canvas: Canvas, room: int) -> int:
        """Draft as many slots as this machine's pass cost makes worthwhile."""
        # The answer after the last draft takes a slot as well.
        self._draft = self._best_draft(canvas.committed, min(MAX_DRAFTS, room - 1))
        tokens = self._draft.tokens if self._draft else ()
        canvas.redraft(tokens, BLOCK_SLOTS)
        return len(tokens)

    def _best_draft(self, committed: Sequence[int], limit: int) -> Draft | None:
        best, best_rate = None, 0.0
        for source in self._sources:
            draft = source.propose(committed, limit)
            if draft is None:
                continue
            chance = self._acceptance.rate(draft.source)
            count = self._cost.best_drafts([chance] * len(draft.tokens))
            expected = sum(chance**power for power in range(count + 1))
            rate = expected / self._cost.ms(count + 1)
            if count and rate > best_rate:
                best, best_rate = Draft(draft.source, draft.tokens[:count]), rate
        return best

    def update(self, canvas: Canvas, predictions: Predictions, constraint: HealingConstraint) -> None:
        """Commit the right drafts and the model's answer after them."""
        drafts = self._draft.tokens if self._draft else ()
        right = 0
        for row in range(len(predictions)):
            token, logprob = constraint.choose(predictions, row)
            constraint.consume(token)
            slot = canvas.frontier
            offered = predictions.top_ids[row].tolist(), predictions.top_logprobs[row].tolist()
            canvas.commit(slot, token, logprob, offered)
            if token in self._end_tokens or row >= len(drafts) or token != drafts[row]:
                break
            right += 1
        if self._draft is not None:
            self._acceptance.count(self._draft.source, right, right < len(drafts))
        leftover = [int(token) for token in predictions.top_ids[right + 1 :, 0]]
        for source in self._sources:
            source.learn(leftover)
