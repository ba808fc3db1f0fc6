import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.rpc.framing import Decoder, Malformed, encode

A, B = {"a": "é😀"}, {"b": [1, 2]}


@given(st.lists(st.integers(1, 40), max_size=10))
def test_any_split_of_the_stream_gives_the_same_messages(sizes: list[int]) -> None:
    stream, decoder, found = encode(A) + encode(B), Decoder(), []
    for size in [*sizes, 10**6]:
        found += decoder.feed(stream[:size])
        stream = stream[size:]
    assert found == [A, B]


def test_other_headers_and_spellings() -> None:
    body = json.dumps(A).encode()
    head = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:%d\r\n\r\n" % len(body)
    assert Decoder().feed(head + body) == [A]


@pytest.mark.parametrize(
    "bad",
    [
        b"Content-Length: 5\r\n\r\n{bad}",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: x\r\n\r\n",
        b"Hello\r\n\r\n",
        b'{"jsonrpc":"2.0"}',
        b"Content-Length: 3\r\n\r\n{}   junk",
        b"Content-Length: 60\r\n\r\n{}",
        b"Content-Length: 4\r\n\r\n\xff\xfe\xff\xfe",
        b"Content-Length: 20000\r\n\r\n" + b"[" * 20000,
    ],
)
def test_the_stream_is_found_again_after_garbage(bad: bytes) -> None:
    decoder = Decoder()
    found = decoder.feed(bad + encode(A) + encode(B) + encode(A))
    assert any(isinstance(item, Malformed) for item in found)
    assert found[-1] == A
    assert B in found


def test_a_message_that_is_too_long_is_skipped_whole() -> None:
    decoder = Decoder(max_message_bytes=100)
    found = decoder.feed(encode({"x": "y" * 500}) + encode(A))
    assert isinstance(found[0], Malformed)
    assert found[1:] == [A]


@settings(max_examples=300)
@given(st.lists(st.one_of(st.binary(max_size=60), st.just(encode(A)[:20]), st.just(encode(B))), max_size=12))
def test_no_bytes_break_the_decoder(chunks: list[bytes]) -> None:
    decoder = Decoder(max_message_bytes=1000)
    for chunk in chunks:
        decoder.feed(chunk)
