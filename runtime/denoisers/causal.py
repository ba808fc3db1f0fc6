"""The contract's edge for causal models: slots in, predictions for those same slots out.

A causal model's logits at one token predict the next, so a slot's prediction is read off the token
before it. That un-shifting happens here and nowhere else. Also keeps the context cache: which
tokens it holds, and how much of a new prompt is there already.

With an adapter the prompt runs through the base alone and everything behind it through the adapter. So a
row serves a new prompt only if it was on the same side of the border.
"""

from collections.abc import Sequence

import numpy as np

from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.common_prefix import shared_length
from runtime.predictions import Predictions
from runtime.session import DenoiserSession

PREFILL_CHUNK_TOKENS = 128
"""Longer prompts are run in pieces, so that a cancelled one keeps what it has done: steady typing
that cancels every request still gets its context cached. Smaller pieces cost more a token."""


class CausalDenoiser:
    """Runs canvas passes behind a cached prompt."""

    def __init__(self, session: DenoiserSession) -> None:
        self.session = session
        self._cached: list[int] = []
        self._pending: list[int] = []
        self._drafts: list[int] = []
        self._prompt = 0
        self._mask = session.manifest.tokens.mask

    def score(self, slots: int, tokens: Sequence[int]) -> Predictions:
        """Predictions after each of `tokens`, were they to follow the first `slots` committed ones.

        Rows behind that place are forgotten, so ask from the back to the front.
        """
        place = self._prompt + slots
        if place <= len(self._cached):
            self._keep(place)
            self._pending = []
        before = self._pending[: place - len(self._cached)]
        return self._run([*before, *tokens], skip=len(before))

    def begin(self, prompt: Sequence[int], committed: Sequence[int] = ()) -> int:
        """Start on a prompt; returns how many of its tokens are cached already.

        `committed`: tokens of slots that are settled from the start. At least the last token is run
        again: its logits are what predicts the next slot.
        """
        tokens = [*prompt, *committed]
        shared = shared_length(self._cached, tokens[:-1])
        if self.session.manifest.graph.adapter and len(prompt) != self._prompt:
            shared = min(shared, self._prompt, len(prompt))
        self._keep(shared)
        self._pending = tokens[shared:]
        self._prompt = len(prompt)
        return min(shared, len(prompt))

    def _keep(self, count: int) -> None:
        self.session.truncate(count)
        del self._cached[count:]

    def prefill(self, cancel: CancelToken) -> None:
        """Run all pending tokens but the last chunk, which joins the first canvas pass."""
        while len(self._pending) > PREFILL_CHUNK_TOKENS:
            cancel.check()
            chunk = self._pending[:PREFILL_CHUNK_TOKENS]
            self._run(chunk, skip=len(chunk) - 1)
            self._advance(chunk)
            self._pending = self._pending[len(chunk) :]

    def predict(self, canvas: Canvas, drafts: int, masks: int = 0) -> Predictions:
        """Predictions for slots from the frontier: the first `drafts`, the one after them, `masks` more.

        Row i is the model's answer for slot frontier + i, given that the drafts before it are right; of the
        last `masks` rows, a guess that does not know the slots between.
        """
        self._drafts = canvas.ids[canvas.frontier : canvas.frontier + drafts]
        masked = [] if self._mask is None else [self._mask] * masks
        return self._run([*self._pending, *self._drafts, *masked], skip=len(self._pending) - 1)

    def settle(self, committed: Sequence[int]) -> None:
        """Keep the cache rows of what was committed since `predict`; the rest is run next time."""
        right = 0
        for draft, token in zip(self._drafts, committed[:-1], strict=False):
            if draft != token:
                break
            right += 1
        self._advance(self._pending + list(committed[:right]))
        self._pending = list(committed[right:])

    def _run(self, tokens: Sequence[int], skip: int) -> Predictions:
        places = np.arange(len(self._cached), len(self._cached) + len(tokens))
        gate = (places >= self._prompt).astype(np.float32)
        return self.session.forward(tokens, skip=skip, gate=gate)

    def _advance(self, tokens: Sequence[int]) -> None:
        self.session.advance(len(tokens))
        self._cached.extend(tokens)
