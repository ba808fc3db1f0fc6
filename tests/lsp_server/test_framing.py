"""What reaches pygls of streams of all kinds."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw import encode

from lsp_server.framing import FrameReader

A, B = {"a": "é😀"}, {"b": [1, 2]}
MALFORMED = "malformed"


def read(chunks: list[bytes], **limits: int) -> list[Any]:
    """Every message that pygls' loop would decode."""

    async def collect() -> list[Any]:
        source = asyncio.StreamReader()
        for chunk in chunks:
            source.feed_data(chunk)
        source.feed_eof()
        reader, found = FrameReader(source, **limits), []
        while header := await reader.readline():
            assert await reader.readline() == b"\r\n"
            length = int(header.removeprefix(b"Content-Length: "))
            body = await reader.readexactly(length)
            assert len(body) == length
            try:
                found.append(json.loads(body))
            except (ValueError, RecursionError):
                found.append(MALFORMED)
        return found

    return asyncio.run(collect())


@given(st.lists(st.integers(1, 40), max_size=10))
def test_any_split_of_the_stream_gives_the_same_messages(sizes: list[int]) -> None:
    stream, chunks = encode(A) + encode(B), []
    for size in [*sizes, 10**6]:
        chunks.append(stream[:size])
        stream = stream[size:]
    assert read(chunks) == [A, B]


def test_other_headers_and_spellings() -> None:
    body = json.dumps(A).encode()
    head = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:%d\r\n\r\n" % len(body)
    assert read([head + body]) == [A]


@pytest.mark.parametrize(
    "bad",
    [
        b"Content-Length: 5\r\n\r\n{bad}",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: x\r\n\r\n",
        b"Hello\r\n\r\n",
        b'{"jsonrpc":"2.0"}',
        b"Content-Length: 3\r\n\r\n{}   junk",
        b"Content-Length: 60\r\n\r\n{",
        b"Content-Length: 4\r\n\r\n\xff\xfe\xff\xfe",
        b"Content-Length: 20000\r\n\r\n" + b"[" * 20000,
        b"x" * 9000,
    ],
)
def test_the_stream_is_found_again_after_garbage(bad: bytes) -> None:
    found = read([bad + encode(A) + encode(B) + encode(A)])
    assert MALFORMED in found
    assert found[-1] == A
    assert B in found


def test_a_message_that_is_too_long_is_skipped_whole() -> None:
    found = read([encode({"x": "y" * 500}) + encode(A)], max_message_bytes=100)
    assert found == [MALFORMED, A]


@settings(max_examples=300)
@given(st.lists(st.one_of(st.binary(max_size=60), st.just(encode(A)[:20]), st.just(encode(B))), max_size=12))
def test_no_bytes_break_the_reader(chunks: list[bytes]) -> None:
    read([chunk for chunk in chunks if chunk], max_message_bytes=1000)
