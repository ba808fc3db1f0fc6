"""Random message sequences: no crash, one answer to each request, every document equal to the client's.

In all three encodings, with broken frames in between; each document's tree is kept edit by edit.

SPANFILL_FUZZ_CASES sets the number of cases.
"""

import asyncio
import json
import os
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw import encode
from test_documents import ENCODINGS, TEXTS, Client
from test_small_parts import result

from lsp_server.engine_host import EngineHost
from lsp_server.framing import FrameReader
from lsp_server.positions import Encoding, Position
from lsp_server.server import make_server
from runtime import CancelToken, FillRequest, FillResult, Frame

CASES = int(os.environ.get("SPANFILL_FUZZ_CASES", "150"))
URIS = ["file:///w/a.py", "file:///w/b.js", "untitled:c"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**40) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
COORDINATES = st.one_of(st.integers(0, 6), st.integers(0, 6), st.integers(-1, 10**9))
POSITIONS = st.fixed_dictionaries({"line": COORDINATES, "character": COORDINATES})
RANGES = st.fixed_dictionaries({"start": POSITIONS, "end": POSITIONS})
URI = st.sampled_from(URIS)
DOCUMENT = st.fixed_dictionaries({"uri": URI})
METHODS = [
    "textDocument/inlineCompletion",
    "textDocument/completion",
    "textDocument/codeAction",
    "workspace/executeCommand",
    "spanfill/fill",
    "initialize",
    "no/such",
]
NOTIFICATIONS = [
    "initialized",
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "$/x",
    "spanfill/didShow",
    "workspace/didChangeConfiguration",
    "$/cancelRequest",
]


def built(**parts: Any) -> Any:
    return st.fixed_dictionaries(
        {
            key: value if isinstance(value, st.SearchStrategy) else st.just(value)
            for key, value in parts.items()
        }
    )


OPEN = built(
    method="textDocument/didOpen",
    params=built(
        textDocument=built(
            uri=URI, languageId=st.sampled_from(["python", "javascript", "x"]), version=1, text=TEXTS
        )
    ),
)
CHANGE = built(
    method="textDocument/didChange",
    params=built(
        textDocument=built(uri=URI, version=st.integers(2, 99)),
        contentChanges=st.lists(st.one_of(built(range=RANGES, text=TEXTS), built(text=TEXTS)), max_size=3),
    ),
)
CLOSE = built(method="textDocument/didClose", params=built(textDocument=DOCUMENT))
COMPLETE = built(
    method="textDocument/inlineCompletion",
    id=0,
    params=built(textDocument=DOCUMENT, position=POSITIONS, context=built(triggerKind=st.integers(0, 3))),
)
ACTIONS = built(
    method="textDocument/codeAction",
    id=0,
    params=built(
        textDocument=DOCUMENT,
        range=RANGES,
        context=built(diagnostics=st.lists(built(range=RANGES, message="m"), max_size=2)),
    ),
)
FILL = built(
    method="spanfill/fill",
    id=0,
    params=built(
        textDocument=DOCUMENT,
        range=RANGES,
        mode=st.sampled_from(["line", "block", "function", "region", "odd"]),
    ),
)
CANCEL = built(method="$/cancelRequest", params=built(id=st.integers(0, 20)))
COMMAND = built(
    method="workspace/executeCommand",
    id=0,
    params=built(
        command=st.sampled_from(["spanfill.pause", "spanfill.showStats", "spanfill.explain", "x"]),
        arguments=st.lists(JSON, max_size=1),
    ),
)
WILD_REQUEST = built(method=st.sampled_from(METHODS), id=0, params=JSON)
WILD_NOTIFICATION = built(method=st.sampled_from(NOTIFICATIONS), params=JSON)
BROKEN_FRAMES = [
    b"Content-Length: 5\r\n\r\n{bad}",
    b"Content-Length: 4\r\n\r\n\xff\xfe\xff\xfe",
    b"Content-Length: 3\r\n\r\n{}   junk",
    b"Content-Length: 60\r\n\r\n{",
    b"Content-Length: -1\r\n\r\n",
    b"Content-Length: 0\r\n\r\n",
    b"Content-Length: 2\r\n\r\n[]",
    b"Hello\r\n\r\n",
    b'{"jsonrpc":"2.0"}',
]
RESPONSE = built(id=st.one_of(st.integers(), st.just("spanfill-1")), result=JSON)
MESSAGES = st.lists(
    st.one_of(
        OPEN,
        CHANGE,
        CHANGE,
        CHANGE,
        CLOSE,
        COMPLETE,
        COMPLETE,
        ACTIONS,
        FILL,
        CANCEL,
        COMMAND,
        WILD_REQUEST,
        WILD_NOTIFICATION,
        RESPONSE,
        JSON,
        st.sampled_from(BROKEN_FRAMES),
    ),
    max_size=25,
)


class Instant:
    """Says the same at once."""

    manifest = SimpleNamespace(name="instant", layouts=("chat",))

    def fill(self, request: FillRequest, cancel: CancelToken | None = None) -> Iterator[Frame | FillResult]:
        assert cancel is not None
        cancel.check()
        request.prefix.encode()
        yield result()

    def complete_several(
        self, request: FillRequest, count: int, cancel: CancelToken | None = None
    ) -> list[FillResult]:
        results = [item for item in self.fill(request, cancel) if isinstance(item, FillResult)]
        return (results * count)[:count]

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        pass


class Mirror:
    """The texts as a client has them."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.texts: dict[str, str] = {}

    def follow(self, message: Any) -> None:
        if not isinstance(message, dict) or not isinstance(message.get("params"), dict) or "id" in message:
            return
        params, method = message["params"], message.get("method")
        if not isinstance(params.get("textDocument"), dict) or "uri" not in params["textDocument"]:
            return
        uri = params["textDocument"]["uri"]
        if method == "textDocument/didOpen":
            self.texts[uri] = params["textDocument"]["text"]
        elif method == "textDocument/didClose":
            self.texts.pop(uri, None)
        elif (
            method == "textDocument/didChange"
            and uri in self.texts
            and _well_formed(params["contentChanges"])
        ):
            for change in params["contentChanges"]:
                self._apply(uri, change)

    def _apply(self, uri: str, change: dict[str, Any]) -> None:
        text = self.texts[uri]
        if "range" not in change:
            self.texts[uri] = change["text"]
            return
        ends = [self._offset(text, change["range"][end]) for end in ("start", "end")]
        self.texts[uri] = text[: min(ends)] + change["text"] + text[max(ends) :]

    def _offset(self, text: str, position: dict[str, int]) -> int:
        """The last border whose position is not after the named one, on the same line where there is one."""
        client = Client(text, self.encoding)
        lines = client.lines()
        if position["line"] >= len(lines):
            return len(text)
        best = 0
        for offset in range(len(text) + 1):
            if text[offset - 1 : offset + 1] == "\r\n" and offset:
                continue
            if client.position(offset) <= Position(position["line"], position["character"]):
                best = offset
        return best


def _well_formed(changes: list[dict[str, Any]]) -> bool:
    numbers = [
        number for change in changes for end in change.get("range", {}).values() for number in end.values()
    ]
    return all(0 <= number < 2**31 for number in numbers)


class Writer:
    """Keeps what the server sends."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self.sent.append(json.loads(data.split(b"\r\n\r\n", 1)[1]))

    def close(self) -> None:
        pass


async def play(messages: list[Any], encoding: Encoding) -> None:
    host = EngineHost(lambda _: Instant())
    server, stream, writer = make_server(host), asyncio.StreamReader(), Writer()
    server.protocol.set_writer(writer)
    conversation = asyncio.ensure_future(server.converse(FrameReader(stream)))

    def put(message: Any) -> None:
        stream.feed_data(message if isinstance(message, bytes) else encode(message))

    def answers() -> list[dict[str, Any]]:
        return [
            answer for answer in writer.sent if isinstance(answer.get("id"), int) and "method" not in answer
        ]

    mirror, asked = Mirror(encoding), 1
    options = {"completion": {"debounceMs": 0}}
    capabilities = {"general": {"positionEncodings": [encoding]}}
    params = {"capabilities": capabilities, "initializationOptions": options}
    put({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
    for generated in messages:
        message = generated
        if isinstance(message, dict):
            message = {"jsonrpc": "2.0", **message}
            if message.get("id") == 0 and "method" in message:
                message["id"] = asked
                asked += 1
        put(message)
        mirror.follow(message)
        await asyncio.sleep(0)
    async with asyncio.timeout(20):
        while len(answers()) < asked:
            await asyncio.sleep(0.0005)
    assert not conversation.done()
    put({"jsonrpc": "2.0", "id": asked, "method": "shutdown"})
    put({"jsonrpc": "2.0", "method": "exit"})
    async with asyncio.timeout(20):
        await conversation
    assert server.exit_status == 0
    documents = server.session.documents
    assert {uri: document.text for uri, document in documents.items()} == mirror.texts
    for document in documents.values():
        tree = document.syntax()
        assert tree is None or tree.root.end_byte <= len(document.text.encode())
    assert host.close(patience_s=10)
    assert Counter(answer["id"] for answer in answers()) == Counter(range(asked + 1))
    internal = [answer["error"] for answer in answers() if answer.get("error", {}).get("code") == -32603]
    assert internal == []


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(MESSAGES, st.sampled_from(ENCODINGS))
def test_message_sequences(messages: list[Any], encoding: Encoding) -> None:
    asyncio.run(play(messages, encoding))
