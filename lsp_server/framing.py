"""A byte stream as pygls reads it, mended: pygls gets whole messages under right headers and nothing else.

Wrong lengths, garbage between messages and oversized bodies would put pygls' own loop out of step for good.
Here the next header is found again, and each fault becomes a body that is no JSON, which is answered as such.
"""

import asyncio
import re
from collections import deque

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_HEADER_BYTES = 8 * 1024

_READ_BYTES = 1 << 16
_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
_HEADERS_END = b"\r\n\r\n"
_FAULT = b"?"


class FrameReader:
    """The reader that `pygls.io_.run_async` wants, over another stream."""

    def __init__(self, source: asyncio.StreamReader, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._source = source
        self._max_bytes = max_message_bytes
        self._buffer = bytearray()
        self._body_bytes = 0
        """Length of the body whose header was read."""
        self._skip_bytes = 0
        self._lines: deque[bytes] = deque()
        self._body = b""

    async def readline(self) -> bytes:
        """The next line of a header; empty at the stream's end."""
        if not self._lines:
            # What the last message started begins before the next is looked at, so a request sees
            # the documents as they were when it was sent.
            await asyncio.sleep(0)
            self._body = await self._next_body()
            if not self._body:
                return b""
            self._lines += (b"Content-Length: %d\r\n" % len(self._body), b"\r\n")
        return self._lines.popleft()

    async def readexactly(self, n: int) -> bytes:
        """The body under the header just read."""
        assert n == len(self._body)
        return self._body

    async def _next_body(self) -> bytes:
        """The next message, `_FAULT` in place of what is none, nothing at the end."""
        while self._skip_bytes:
            skipped = min(self._skip_bytes, len(self._buffer))
            del self._buffer[:skipped]
            self._skip_bytes -= skipped
            if self._skip_bytes and not await self._more():
                return b""
        if not self._body_bytes:
            fault = await self._read_header()
            if fault is not None:
                return fault
        while len(self._buffer) < self._body_bytes:
            if not await self._more():
                return b""
        body = self._take(self._body_bytes)
        self._body_bytes = 0
        swallowed = _LENGTH.search(body)
        if swallowed is not None:
            # The length was too great: JSON has no line breaks inside its strings, so this is a header.
            self._buffer[:0] = body[swallowed.start() :]
            body = body[: swallowed.start()]
        return body or _FAULT

    async def _read_header(self) -> bytes | None:
        """Read on to a body; answers what is in its place, if anything."""
        while (end := self._buffer.find(_HEADERS_END)) < 0:
            if len(self._buffer) > MAX_HEADER_BYTES:
                del self._buffer[:-256]  # the start of a header may be at the end of the garbage
                return _FAULT
            if not await self._more():
                return b""
        header = self._take(end + len(_HEADERS_END))[:-2]
        found = deque(_LENGTH.finditer(header), maxlen=1)
        if not found:
            return _FAULT
        length, start = int(found[0].group(1)), found[0].start()
        if length > self._max_bytes:
            self._skip_bytes = length
            return _FAULT
        self._body_bytes = length
        garbage = start > 0 and header[start - 1 : start] != b"\n"
        return _FAULT if garbage or not length else None

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def _more(self) -> bool:
        data = await self._source.read(_READ_BYTES)
        self._buffer += data
        return bool(data)
