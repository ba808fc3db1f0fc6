"""Block-causal models: a block is denoised behind the exact rows of the blocks before it.

Blocks of `block_length` tokens are counted from the text's first token. Tokens of a block see each
other and every earlier block, never a later one; so the rows of a finished block are final, and a pass
may hold one block only. (Block diffusion, arXiv 2503.09573; Fast-dLLM v2, arXiv 2509.26328.)
"""

from collections.abc import Sequence

import numpy as np

from runtime.cancellation import CancelToken
from runtime.canvas import Canvas
from runtime.common_prefix import shared_length
from runtime.denoisers.bidirectional import mask_of, shown
from runtime.errors import UsageError
from runtime.predictions import Predictions
from runtime.session import DenoiserSession


class BlockCausalDenoiser:
    """Runs canvas passes behind a prompt."""

    def __init__(self, session: DenoiserSession, *, reuse: bool = True) -> None:
        """`reuse` False computes every earlier block again in each pass: the cache's own reference."""
        length = session.manifest.block_length
        assert length is not None, "the manifest's check ensures it"
        self.passes = 0
        self._session = session
        self._reuse = reuse
        self._length = length
        self._mask = mask_of(session)
        self._prompt: list[int] = []
        self._cached: list[int] = []
        self._edges: list[Predictions] = []
        """What the last token of each cached block predicts: a shifted model's answer for the next slot."""
        self._cancel = CancelToken()

    def begin(self, before: Sequence[int], after: Sequence[int], cancel: CancelToken) -> int:
        """Start behind `before`, whose whole blocks are run where they aren't cached.

        Raises:
            UsageError: there is text after the canvas, which such a model can't see.
        """
        if after:
            raise UsageError(
                "A block-causal model sees nothing behind its canvas; the layout must end with it."
            )
        self._prompt, self._cancel = list(before), cancel
        self.passes = 0
        self._keep(shared_length(self._cached, self._prompt) // self._length)
        cached = len(self._cached)
        self._finish(self._prompt, len(self._prompt) // self._length)
        return cached

    def _keep(self, blocks: int) -> None:
        self._session.truncate(blocks * self._length)
        del self._cached[blocks * self._length :]
        del self._edges[blocks:]

    def _finish(self, text: Sequence[int], blocks: int) -> None:
        """Cache the text's first `blocks` blocks."""
        for block in range(len(self._edges), blocks):
            self._cancel.check()
            tokens = text[block * self._length : (block + 1) * self._length]
            self._edges.append(self._session.forward(tokens, skip=self._length - 1))
            self._session.advance(self._length)
            self._cached.extend(tokens)

    def aligned(self, block: range) -> range:
        """As much of `block` as lies in one block of the model's."""
        first = len(self._prompt) + block.start
        end = (first // self._length + 1) * self._length - len(self._prompt)
        return range(block.start, min(block.stop, end))

    def predict(self, canvas: Canvas, block: range) -> Predictions:
        """Predictions for the slots of `block`, all earlier blocks being finished."""
        return self._pass(shown(canvas, self._mask), block)

    def blind(self, canvas: Canvas, block: range, slots: Sequence[int]) -> Predictions:
        """Each slot's prediction with its own token hidden: one pass for each of them."""
        rows: list[Predictions] = []
        for slot in slots:
            tokens = shown(canvas, self._mask)
            tokens[slot] = self._mask
            rows.append(self._pass(tokens, block).rows(slot - block.start, 1))
        return Predictions.joined(rows)

    def _pass(self, slots: list[int], block: range) -> Predictions:
        self._cancel.check()
        assert self.aligned(block) == block, "a pass holds slots of one block"
        text = [*self._prompt, *slots]
        first = len(self._prompt) + block.start
        number = first // self._length
        start = number * self._length
        if not self._reuse:
            self._keep(0)
        else:
            # Where earlier slots were masked again, their blocks are run anew.
            self._keep(min(shared_length(self._cached, text), start) // self._length)
        self._finish(text, number)
        self.passes += 1
        tokens = np.array(text[start : start + self._length], np.int64)
        answer = self._session.forward(tokens)
        if not self._session.manifest.shift:
            return answer.rows(first - start, len(block))
        if first > start:
            return answer.rows(first - start - 1, len(block))
        edge = self._edges[-1] if self._edges else answer.rows(0, 1)
        return Predictions.joined([edge, answer.rows(0, len(block) - 1)])
