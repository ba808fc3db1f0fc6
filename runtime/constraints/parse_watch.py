"""Follows one parse of a text: where it stops, and whether more text could have kept it going.

An LR parser such as tree-sitter's stops at the first token that nothing before it allows. Up to then it has
seen only so much of the text: where it stops without having looked at the text's end, it would stop at the
same place whatever comes next, and no continuation is free of errors. Where it has looked at the end, more
text may change what it saw (an open string, a comment, a word that isn't finished), so nothing is lost yet.
That makes no assumption about any language, and it errs on the side of hope.

Both moments are observable: tree-sitter reads the text through a function, and it logs `resume` when the
last of its parallel stacks has stopped and error recovery begins (`ts_parser__condense_stack` in its
lib/src/parser.c).
"""

from tree_sitter import LogType, Parser, Point

from runtime.constraints.continuations import is_token


class ParseWatch:
    """Reads a text out to a parser and hears what it says, until it is known what can become of the text.

    It listens from the first byte after `known` on: the known part has been parsed before and stops no
    parser. Listening is what costs time.
    """

    def __init__(self, parser: Parser, text: bytes, known: int = 0) -> None:
        self._parser = parser
        self._text = text
        self._known = known
        self._position = self._attempt = self._token = ""
        self._stops: list[str] = []
        self._end_read = False
        self._over = False
        self.dead = False
        """There is an error whatever comes next."""
        self.last_token = b""
        """The token that doesn't fit, where the text ends with it and all before it is sure to stay."""
        self.unsure = False
        """Listening began too late to know the last token, or the place of the error."""
        if not known:
            parser.logger = self.hear

    def read(self, byte: int, _point: Point) -> bytes:
        """The text from `byte` on, for the parser; nothing once all is known, so that it ends soon."""
        if self._over:
            return b""
        if byte < self._known:
            return self._text[byte : self._known]
        if self._parser.logger is None:
            self._parser.logger = self.hear
        if byte >= len(self._text) and not self._end_read:
            self._end_read = True
            if self._attempt.startswith("lex_external"):
                # A grammar's own scanner (strings, line ends) may look far ahead, and may change its mind.
                self._finish()
        return self._text[byte:]

    def hear(self, kind: LogType, message: str) -> None:
        """One line of the parser's log."""
        if kind is not LogType.PARSE:
            return
        if message.startswith("process"):
            self._position, self._token = message, ""
        elif message.startswith("lex_"):
            self._attempt = message
            if self._end_read:  # by an attempt that found nothing, as in a comment that isn't closed
                self._finish()
        elif message.startswith("lexed_lookahead"):
            self._token = message
        elif message.startswith("shift") and self._end_read:
            self._finish()
        elif message.startswith("detect_error"):
            self._stops.append(self._position)
        elif message.startswith("resume"):
            self.dead = not self._end_read
            if self.dead:
                self.unsure = not all(self._stops)
            else:
                self._find_last_token()
            self._finish()

    @property
    def stopped_at(self) -> int:
        """The first byte of the token that a dead text's parser stopped at; of several, the last."""
        byte = max((self._byte(position) for position in self._stops if position), default=0)
        while self._text[byte : byte + 1].isspace():
            byte += 1
        return byte

    def _byte(self, position: str) -> int:
        """Where a step of the parser begins: behind the last token that fitted."""
        # "process version:0, version_count:1, state:1260, row:85, col:33"
        row, column = (int(part.rpartition(":")[2]) for part in position.split(", ")[-2:])
        start = 0
        for _ in range(row):
            start = self._text.index(b"\n", start) + 1
        return start + column

    def _find_last_token(self) -> None:
        # "lexed_lookahead sym:identifier, size:4": bytes, white space before it included
        symbol, _, size = self._token.removeprefix("lexed_lookahead sym:").rpartition(", size:")
        length = int(size) if size else 0
        if not length or (symbol.startswith("_") and symbol != "_"):
            return  # the end of the text, or what a scanner made of it
        token = self._text[-length:].strip()
        spelt = symbol.encode()
        if not is_token(token) or (is_token(spelt) and not symbol[0].isalpha() and spelt != token):
            return
        if not self._position or not self._attempt:
            self.unsure = True
        elif self._byte(self._position) + length == len(self._text):
            self.last_token = token

    def _finish(self) -> None:
        self._over = True
        del self._parser.logger
