"""Bytes of an LSP stream to decoded messages, and back.

Survives what it should never meet: wrong lengths, garbage between messages, oversized bodies. After each
it finds the next header and goes on.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_HEADER_BYTES = 8 * 1024

_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
_HEADERS_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Malformed:
    """What arrived instead of a message."""

    reason: str


def encode(message: dict[str, Any]) -> bytes:
    """A message with its header."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def decode(body: bytes | str) -> Any:
    """The JSON of one message, or `Malformed`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        return Malformed(f"not JSON: {type(error).__name__}")


class Decoder:
    """Collects bytes and gives out what they complete."""

    def __init__(self, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._buffer = bytearray()
        self._body_bytes: int | None = None
        self._skip_bytes = 0
        self._max_bytes = max_message_bytes

    def feed(self, data: bytes) -> list[Any]:
        """Messages completed by `data`: decoded JSON or `Malformed`, in order."""
        self._buffer += data
        found: list[Any] = []
        while self._step(found):
            pass
        return found

    def _step(self, found: list[Any]) -> bool:
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(self._buffer))
            del self._buffer[:skipped]
            self._skip_bytes -= skipped
            return not self._skip_bytes
        return self._take_header(found) if self._body_bytes is None else self._take_body(found)

    def _take_header(self, found: list[Any]) -> bool:
        end = self._buffer.find(_HEADERS_END)
        if end < 0:
            if len(self._buffer) > MAX_HEADER_BYTES:
                # The start of a header may be at the end of the garbage.
                del self._buffer[:-256]
                found.append(Malformed("no header in sight"))
            return False
        header = bytes(self._buffer[: end + 2])
        del self._buffer[: end + len(_HEADERS_END)]
        matches = list(_LENGTH.finditer(header))
        if not matches:
            found.append(Malformed("a header without a usable Content-Length"))
            return True
        if matches[-1].start() and header[matches[-1].start() - 1 : matches[-1].start()] != b"\n":
            found.append(Malformed("garbage before a header"))
        length = int(matches[-1].group(1))
        if length > self._max_bytes:
            found.append(Malformed(f"a message of {length:,} bytes, more than {self._max_bytes:,}"))
            self._skip_bytes = length
            return True
        self._body_bytes = length
        return True

    def _take_body(self, found: list[Any]) -> bool:
        assert self._body_bytes is not None
        if len(self._buffer) < self._body_bytes:
            return False
        body = bytes(self._buffer[: self._body_bytes])
        del self._buffer[: self._body_bytes]
        self._body_bytes = None
        message = decode(body)
        if isinstance(message, Malformed):
            swallowed = body.lower().find(b"content-length:")
            if swallowed >= 0:  # the length was too great: another message's header is inside
                self._buffer[:0] = body[swallowed:]
        found.append(message)
        return True
