"""Where a text that is being written ends."""

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.request import StopReason
from runtime.stopping import StopRule, first_stop
from runtime.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Looks for the end after each token, as writing one token at a time would."""

    tokenizer: Tokenizer
    rules: Sequence[StopRule]
    end_tokens: frozenset[int]
    healed: bytes = b""
    """Text that is written again before the hole's own begins."""

    def look(self, written: Sequence[int], *, done: bool = False) -> tuple[str, StopReason | None]:
        """The hole's text after the newest token, and why it ends there if it does.

        `done`: nothing will follow, whatever that token is.
        """
        finished = done or written[-1] in self.end_tokens
        text, complete = hole_text(self.tokenizer.decode_bytes(written), self.healed)
        stop = first_stop(self.rules, text, finished) if complete else None
        if stop is not None:
            return text[: stop.cut], stop.reason
        return text, "end" if finished else None


def hole_text(written: bytes, healed: bytes) -> tuple[str, bool]:
    """The hole's text in what was written, and whether the healed text is behind it.

    An unfinished UTF-8 sequence at the end is left off.
    """
    if not written.startswith(healed):
        return "", False
    body = written[len(healed) :]
    return body.decode("utf-8", "ignore"), True
