"""Which candidate tokens are admissible: token healing at the hole's left end.

A prefix that ends inside a word was tokenised as if the word ended there, which the model has
rarely seen. So the prompt stops a token early, and the canvas has to begin with the text that was
taken back, in whatever tokens the model prefers.
"""

from runtime.predictions import Predictions
from runtime.tokenizer import Tokenizer


class HealingConstraint:
    """Admits tokens that reproduce `text`, and every token once it is reproduced.

    With `avoid`, the hole must not be empty: its first text that is not white space may not begin
    as `avoid`, the suffix, does.
    """

    __slots__ = ("_avoid", "_remaining", "_tokenizer")

    def __init__(self, text: bytes, tokenizer: Tokenizer, avoid: bytes = b"") -> None:
        self._remaining = text
        self._tokenizer = tokenizer
        self._avoid = avoid.lstrip()

    def choose(self, predictions: Predictions, row: int) -> tuple[int, float]:
        """The likeliest admissible token of a row, with its log-probability.

        Where none of the candidates fits, the text's own first token is taken, at the
        log-probability of the least likely candidate.
        """
        ids, logprobs = predictions.top_ids[row], predictions.top_logprobs[row]
        if not self._remaining and not self._avoid:
            return int(ids[0]), float(logprobs[0])
        if not self._remaining:
            return self._first_text(ids.tolist(), logprobs.tolist())
        for token, logprob in zip(ids.tolist(), logprobs.tolist(), strict=True):
            text = self._tokenizer.token_bytes(token)
            if text and (self._remaining.startswith(text) or text.startswith(self._remaining)):
                return token, logprob
        return self._tokenizer.first_token(self._remaining), float(logprobs[-1])

    def _first_text(self, ids: list[int], logprobs: list[float]) -> tuple[int, float]:
        for token, logprob in zip(ids, logprobs, strict=True):
            text = self._tokenizer.token_bytes(token)
            solid = text.strip()
            if text and not (solid and (self._avoid.startswith(solid) or solid.startswith(self._avoid))):
                return token, logprob
        return ids[0], logprobs[0]

    def consume(self, token: int) -> None:
        """Move past a token that was committed."""
        text = self._tokenizer.token_bytes(token)
        if not self._remaining:
            if text.strip() or not text:
                self._avoid = b""
        else:
            self._remaining = self._remaining[len(text) :] if self._remaining.startswith(text) else b""
