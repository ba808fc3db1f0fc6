"""Admits what leaves prefix + canvas + suffix a text that the language's grammar can read."""

import codecs
import time

from runtime.canvas import Canvas
from runtime.constraints.closing import Closing
from runtime.constraints.indentation import Place, scan
from runtime.constraints.viability import PrefixParser
from runtime.constraints.window import window
from runtime.request import SlotState
from runtime.tokenizer import Tokenizer

_MEMORY = 4_096
"""Verdicts that are remembered."""


class WellFormed:
    """Rejects a token only where no text in the slots that are still open could make up for it.

    A gap, a slot without a committed token, may become anything: several tokens, or none. It may open a
    comment or a string, so of tokens between two gaps nothing is known but that their bytes must be
    characters. What is known:

    - the run from the prefix to the first gap must be the beginning of a text without errors
      (`viability`), and for Python well indented (`indentation`);
    - once no gap is left, the suffix must fit behind it as it fits behind plain text (`closing`).

    Errors that the prefix has are left aside (`window`); where that can't be done, everything is admitted.
    So is everything where what stands on the canvas is past help.
    """

    def __init__(
        self,
        prefix: str,
        suffix: str,
        language: str,
        tokenizer: Tokenizer,
        drop: frozenset[int] = frozenset(),
        *,
        gaps: frozenset[int] = frozenset(),
        open_end: bool = False,
        ends_file: bool = False,
        budget_ms: float = 5.0,
    ) -> None:
        """`language` is one that has a grammar.

        `drop`: tokens that are no text, such as ends and padding; `gaps`: tokens that become slots again,
        such as an expansion; `open_end`: the canvas may yet grow behind its last slot; `ends_file`: nothing
        comes behind the suffix; `budget_ms`: time after which a token is admitted unseen.
        """
        self._prefix = prefix.encode("utf-8", "replace")
        self._suffix = suffix.encode("utf-8", "replace")
        self._tokenizer = tokenizer
        self._drop = drop - gaps
        self._gaps = gaps
        self._open_end = open_end
        self._ends_file = ends_file
        self._budget = budget_ms / 1e3
        self._parser = PrefixParser(language)
        self._language = language
        self._verdicts: dict[tuple[bytes, bool], bool] = {}
        self._ready = False

    def _prepare(self) -> None:
        """Look at the prefix, once it matters."""
        self._ready = True
        self._closing: Closing | None = None
        self._window = window(self._prefix, self._language, self._parser)
        if self._window is None:
            return
        self._viable = self._window.text
        self._place: Place | None = None
        if self._language == "python":
            found = scan(self._window.text)
            self._place = found.place if found.fault is None else None

    def admits(self, canvas: Canvas, slot: int, token: int) -> bool:
        """Whether the text can still become well-formed with `token` in `slot`."""
        if token in self._gaps:
            return True
        pieces = self._pieces(canvas, slot, token)
        if not self._are_characters(pieces, slot):
            return False
        gap = next((at for at, piece in enumerate(pieces) if piece is None), None)
        if gap is not None and gap < slot:
            return True
        if not self._ready:
            self._prepare()
        if self._window is None:
            return True
        deadline = time.perf_counter() + self._budget
        if not self._verdict(_join(pieces[:slot]), closed=False, deadline=deadline):
            return True
        closed = gap is None and not self._open_end
        return self._verdict(_join(pieces[:gap]), closed=closed, deadline=deadline)

    def _pieces(self, canvas: Canvas, slot: int, token: int) -> list[bytes | None]:
        """Each slot's bytes; None for a gap."""
        pieces: list[bytes | None] = []
        for at, (held, state) in enumerate(zip(canvas.ids, canvas.states, strict=True)):
            settled = token if at == slot else held
            if at != slot and (state is not SlotState.COMMITTED or held in self._gaps):
                pieces.append(None)
            else:
                pieces.append(b"" if settled in self._drop else self._tokenizer.token_bytes(settled))
        return pieces

    def _are_characters(self, pieces: list[bytes | None], slot: int) -> bool:
        """Whether the bytes around `slot`, up to the nearest gaps, are part of a UTF-8 text."""
        start, end = slot, slot + 1
        while start and pieces[start - 1] is not None:
            start -= 1
        while end < len(pieces) and pieces[end] is not None:
            end += 1
        data = _join(pieces[start:end])
        if data.isascii():
            return True
        if start:  # the gap before may hold a character's first bytes
            data = data[next((at for at in range(3) if data[at : at + 1] and data[at] & 0xC0 != 0x80), 3) :]
        try:
            codecs.getincrementaldecoder("utf-8")().decode(
                data, final=end == len(pieces) and not self._open_end
            )
        except UnicodeDecodeError:
            return False
        return True

    def _verdict(self, middle: bytes, *, closed: bool, deadline: float) -> bool:
        key = (middle, closed)
        if (known := self._verdicts.get(key)) is not None:
            return known
        if len(self._verdicts) >= _MEMORY:
            self._verdicts.clear()
        verdict = self._closes(middle) if closed else self._leads_on(middle, deadline)
        self._verdicts[key] = verdict
        return verdict

    def _leads_on(self, middle: bytes, deadline: float) -> bool:
        """Whether prefix and `middle` can be the beginning of a well-formed text."""
        assert self._window is not None
        # A character whose last bytes are still to come says nothing yet.
        text = self._window.text + middle.decode("utf-8", "ignore").encode()
        if len(text) == len(self._window.text):
            return True
        known = self._viable if text.startswith(self._viable) else self._window.text
        if self._place is not None and scan(text, self._place).fault is not None:
            return False
        if not self._parser.viable(
            text, len(known), self._window.parsed, nested=self._window.nested, deadline=deadline
        ):
            return False
        self._viable = text
        return True

    def _closes(self, middle: bytes) -> bool:
        """Whether the text is as well-formed as the file allows with `middle` in its hole."""
        assert self._window is not None
        if self._closing is None:
            self._closing = Closing(
                self._window, self._suffix, self._parser, self._place, ends_file=self._ends_file
            )
        return self._closing.admits(middle)


def _join(pieces: list[bytes | None]) -> bytes:
    return b"".join(piece for piece in pieces if piece is not None)
