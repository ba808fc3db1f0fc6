"""Draft in parallel, verify left to right: the answer of one-token-at-a-time greedy decoding, sooner.

Each pass runs the drafts of the pass before. A draft that equals the model's own answer, given the
committed text and the right drafts before it, is committed; the first that does not is replaced by
that answer, and the rest are thrown away. (TiDAR, arXiv 2511.08923; speculative decoding,
arXiv 2211.17192.)
"""

import itertools
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace

from runtime.canvas import Canvas
from runtime.constraints.healing import HealingConstraint
from runtime.drafts.acceptance import Acceptance
from runtime.drafts.base import Draft, DraftSource
from runtime.drafts.masks import MaskDrafts
from runtime.pass_cost import MAX_DRAFTS, PassCost
from runtime.predictions import Predictions

BLOCK_SLOTS = 16
"""Masked slots shown ahead of the frontier."""


@dataclass(frozen=True, slots=True)
class _Option:
    """One way to use a pass."""

    draft: Draft | None
    expected: float
    """Tokens that it commits in the mean."""
    all_right: float
    """Chance that every draft is right."""
    ms: float

    @property
    def rate(self) -> float:
        """Tokens a millisecond."""
        return self.expected / self.ms


class SelfVerify:
    """Greedy decoding with verified drafts; with no draft sources, plain greedy decoding."""

    def __init__(
        self,
        sources: Sequence[DraftSource],
        acceptance: Acceptance,
        cost: PassCost,
        end_tokens: frozenset[int],
        masks: MaskDrafts | None = None,
    ) -> None:
        """`sources` are asked in order; the one whose draft is best worth its time is used.

        `masks`: the one among them that an adapter's masked slots fill.
        """
        self._sources = sources
        self._acceptance = acceptance
        self._cost = cost
        self._end_tokens = end_tokens
        self._draft: Draft | None = None
        self._mask_drafts = masks
        self._masks = 0

    @property
    def masks(self) -> int:
        """Masked slots that the pass prepared last is to guess behind its drafts."""
        return self._masks

    def prepare(self, canvas: Canvas, room: int) -> int:
        """Draft as many slots as this machine's pass cost makes worthwhile."""
        # The answer after the last draft takes a slot as well.
        options = self._options(canvas.committed, min(MAX_DRAFTS, room - 1))
        best = max(options, key=lambda option: option.rate)
        self._masks = 0
        if self._mask_drafts is not None:
            # A draft may be worth less than the masks that its place would hold.
            priced = [self._with_masks(self._mask_drafts, option, best.rate, room) for option in options]
            _, self._masks, best = max(priced, key=lambda choice: choice[0])
        self._draft = best.draft
        tokens = best.draft.tokens if best.draft else ()
        canvas.redraft(tokens, BLOCK_SLOTS)
        return len(tokens)

    def _options(self, committed: Sequence[int], limit: int) -> list[_Option]:
        """To draft nothing, or what one of the sources has, as far as it is worth its time."""
        options = [_Option(None, 1.0, 1.0, self._cost.ms(1))]
        for source in self._sources:
            draft = source.propose(committed, limit)
            if draft is None:
                continue
            chances = [self._acceptance.rate(draft.key(place)) for place in range(len(draft.tokens))]
            count = self._cost.best_drafts(chances)
            if count:
                survives = list(itertools.accumulate(chances[:count], operator.mul))
                kept = replace(draft, tokens=draft.tokens[:count])
                options.append(_Option(kept, 1.0 + sum(survives), survives[-1], self._cost.ms(count + 1)))
        return options

    def _with_masks(
        self, masks: MaskDrafts, option: _Option, rate: float, room: int
    ) -> tuple[float, int, _Option]:
        """What an option gains in tokens over its time's price, and the masks it then has."""
        drafts = len(option.draft.tokens) if option.draft else 0
        count, gain = masks.worthwhile(
            self._acceptance,
            self._cost,
            drafts=drafts,
            all_right=option.all_right,
            rate=rate,
            room=room - drafts - 2,  # the answer takes a slot, and so does the one behind a right guess
        )
        return option.expected - rate * option.ms + gain, count, option

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
            self._count(self._draft, right)
        answers = predictions.top_ids[:, 0].tolist()
        leftover, guesses = answers[right + 1 : len(drafts) + 1], answers[len(drafts) + 1 :]
        for source in self._sources:
            source.learn(leftover)
        if self._mask_drafts is not None:
            self._mask_drafts.take(guesses if right == len(drafts) else ())

    def _count(self, draft: Draft, right: int) -> None:
        wrong = right < len(draft.tokens)
        if not draft.by_slot:
            self._acceptance.count(draft.source, right, wrong)
            return
        for place in range(right):
            self._acceptance.count(draft.key(place), 1, False)
        if wrong:
            self._acceptance.count(draft.key(right), 0, True)
