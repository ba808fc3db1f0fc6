"""Which candidate tokens are admissible: token healing at the hole's left end.

A prefix that ends inside a word was tokenised as if the word ended there, which the model has
rarely seen. So the prompt stops a token early, and the canvas has to begin with the text that was
taken back, in whatever tokens the model prefers.
"""

from runtime.predictions import Predictions
from runtime.tokenizer import Tokenizer


class HealingConstraint:
    """Admits tokens that reproduce `text`, and every token once it is reproduced."""

    __slots__ = ("_remaining", "_tokenizer")

    def __init__(self, text: bytes, tokenizer: Tokenizer) -> None:
        self._remaining = text
        self._tokenizer = tokenizer

    def choose(self, predictions: Predictions, row: int) -> tuple[int, float]:
        """The likeliest admissible token of a row, with its log-probability.

        Where none of the candidates fits, the text's own first token is taken, at the
        log-probability of the least likely candidate.
        """
        ids, logprobs = predictions.top_ids[row], predictions.top_logprobs[row]
        if not self._remaining:
            return int(ids[0]), float(logprobs[0])
        for token, logprob in zip(ids.tolist(), logprobs.tolist(), strict=True):
            text = self._tokenizer.token_bytes(token)
            if text and (self._remaining.startswith(text) or text.startswith(self._remaining)):
                return token, logprob
        own = self._tokenizer.encode(self._remaining.decode("utf-8", "replace"))
        return own[0], float(logprobs[-1])

    def consume(self, token: int) -> None:
        """Move past a token that was committed."""
        if self._remaining:
            text = self._tokenizer.token_bytes(token)
            self._remaining = self._remaining[len(text) :] if self._remaining.startswith(text) else b""
