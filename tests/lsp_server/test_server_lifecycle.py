"""What a server must survive or refuse: order, malformed input, ends of all kinds."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from raw import Raw, encode


@pytest_asyncio.fixture
async def raw() -> AsyncIterator[Raw]:
    client = await Raw.start()
    yield client
    if client.process.returncode is None:
        client.process.kill()
    await client.process.communicate()


async def test_requests_before_initialize_are_refused(raw: Raw) -> None:
    raw.open("x")
    assert (await raw.complete(0, 0))["error"]["code"] == -32002
    assert "result" in await raw.initialize()
    assert (await raw.complete(0, 0))["error"]["code"] == -32602  # it was not opened: too early


async def test_a_second_initialize_is_refused(raw: Raw) -> None:
    await raw.initialize()
    assert (await raw.ask("initialize", {"capabilities": {}}, 2))["error"]["code"] == -32600


async def test_shutdown_then_exit_is_a_clean_end(raw: Raw) -> None:
    await raw.initialize()
    assert (await raw.ask("shutdown"))["result"] is None
    assert (await raw.complete(0, 0))["error"]["code"] == -32600
    raw.send({"method": "exit"})
    assert await raw.ended() == 0


async def test_exit_without_shutdown_is_status_1(raw: Raw) -> None:
    await raw.initialize()
    raw.send({"method": "exit"})
    assert await raw.ended() == 1


async def test_the_clients_end_is_the_servers(raw: Raw) -> None:
    await raw.initialize()
    raw.process.stdin.close()  # type: ignore[union-attr]
    assert await raw.ended() == 1


async def test_a_model_that_still_loads_does_not_hold_the_end_up(raw: Raw) -> None:
    await raw.initialize({"model": {"name": "endless"}})
    await raw.ask("shutdown")
    raw.send({"method": "exit"})
    async with asyncio.timeout(5):
        assert await raw.ended() == 0


async def test_an_end_in_the_middle_of_a_fill(raw: Raw) -> None:
    await raw.initialize()
    raw.open("# engine: slow 1000\nx = \n")
    position = {
        "textDocument": {"uri": "file:///workspace/module.py"},
        "position": {"line": 1, "character": 4},
    }
    raw.send({"id": 5, "method": "spanfill/fill", "params": position})
    await raw.ask("shutdown", identifier=6)
    raw.send({"method": "exit"})
    assert await raw.ended() == 0


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"Content-Length: 5\r\n\r\n{bad}", -32700),
        (b"Content-Length: 4\r\n\r\n\xff\xfe\x00\x01", -32700),
        (b"Content-Length: nine\r\n\r\n", -32700),
        (b"Content-Length: 99999999999\r\n\r\n", -32700),
        (b"Content-Length: 2\r\n\r\n[]", -32600),
        (b"Content-Length: 4\r\n\r\nnull", -32600),
        (b'Content-Length: 28\r\n\r\n{"jsonrpc":"1.0","method":1}', -32600),
        ({"id": None, "method": "shutdown"}, -32600),
        ({"id": [1], "method": "shutdown"}, -32600),
        ({"id": 1, "method": 5}, -32600),
        ({"id": 1, "method": "no/such"}, -32601),
        ({"id": 1, "method": "textDocument/inlineCompletion"}, -32602),
        ({"id": 1, "method": "textDocument/inlineCompletion", "params": []}, -32602),
        ({"id": 1, "method": "spanfill/fill", "params": {"textDocument": {"uri": 1}}}, -32602),
    ],
)
async def test_malformed_messages_get_their_error_and_the_server_lives(
    raw: Raw, sent: Any, code: int
) -> None:
    await raw.initialize()
    raw.send(sent)
    if b"99999999999" not in (sent if isinstance(sent, bytes) else b""):
        assert (await raw.next())["error"]["code"] == code
        raw.open("# engine: say fine\nx = \n")
        assert (await raw.complete(1, 4))["result"]["items"][0]["insertText"] == "fine"
    else:
        assert (await raw.next())["error"]["code"] == code


@pytest.mark.parametrize("line", [-1, 1.5, "0", None, 2**70, 2**31 - 1])
async def test_odd_positions(raw: Raw, line: Any) -> None:
    await raw.initialize()
    raw.open("# engine: say fine\nx = ")
    answer = await raw.complete(line, 0)
    if line == 2**31 - 1:
        assert answer["result"]["items"][0]["range"]["start"] == {"line": 1, "character": 4}
    else:
        assert answer["error"]["code"] == -32602


async def test_notifications_that_make_no_sense_are_survived(raw: Raw) -> None:
    await raw.initialize()
    for method, params in [
        (
            "textDocument/didChange",
            {"textDocument": {"uri": "file:///none", "version": 1}, "contentChanges": []},
        ),
        ("textDocument/didChange", None),
        ("textDocument/didOpen", {"textDocument": {}}),
        ("textDocument/didClose", {"textDocument": {"uri": "file:///none"}}),
        ("$/cancelRequest", {"id": "none"}),
        ("$/cancelRequest", [1]),
        ("$/setTrace", {"value": "verbose"}),
        ("window/workDoneProgress/cancel", {"token": {}}),
        ("workspace/didChangeConfiguration", {"settings": 3}),
    ]:
        raw.send({"method": method, "params": params})
    raw.send({"id": "spanfill-77", "result": None})
    raw.open("# engine: say fine\nx = \n")
    assert (await raw.complete(1, 4))["result"]["items"][0]["insertText"] == "fine"


async def test_a_message_of_four_megabytes(raw: Raw) -> None:
    await raw.initialize()
    raw.open("# " + "x" * 4_000_000 + "\n# engine: say fine\nx = \n")
    assert (await raw.complete(2, 4))["result"]["items"][0]["insertText"] == "fine"


async def test_two_hundred_requests_answer_each_with_its_own_text(raw: Raw) -> None:
    await raw.initialize()
    raw.open("# engine: slow 3\n")
    await raw.complete(0, 0)
    for number in range(200):
        uri = f"file:///workspace/f{number}.py"
        raw.open(f"# engine: say text{number}\nx = \n", uri)
        params = {"textDocument": {"uri": uri}, "position": {"line": 1, "character": 4}}
        raw.send(
            {
                "id": number,
                "method": "textDocument/inlineCompletion",
                "params": {**params, "context": {"triggerKind": 1}},
            }
        )
    answered: dict[int, list[str]] = {}
    for _ in range(200):
        answer = await raw.next()
        answered[answer["id"]] = [item["insertText"] for item in answer["result"]["items"]]
    assert sorted(answered) == list(range(200))
    assert answered[199] == ["text199"]
    assert all(texts in ([], [f"text{number}"]) for number, texts in answered.items())
    stats = (await raw.ask("workspace/executeCommand", {"command": "spanfill.showStats"}, 999))["result"]
    assert stats["cancelled"] >= 190
    json.dumps(stats)


async def test_a_request_sees_the_text_as_it_was_when_it_was_sent(raw: Raw) -> None:
    await raw.initialize()
    raw.open("x = \n")
    where = {"textDocument": {"uri": Raw.URI}, "position": {"line": 0, "character": 4}}
    change = {"textDocument": {"uri": Raw.URI, "version": 2}, "contentChanges": [{"text": "y = \n"}]}
    request = {"jsonrpc": "2.0", "id": 5, "method": "spanfill/fill", "params": where}
    raw.send(
        encode(request) + encode({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": change})
    )
    assert (await raw.next())["error"]["code"] == -32801


async def test_what_libraries_print_does_not_reach_the_protocol(raw: Raw) -> None:
    await raw.initialize()
    raw.open("# engine: print\nx = \n")
    assert (await raw.complete(1, 4))["result"]["items"][0]["insertText"] == "value"
    assert (await raw.ask("shutdown"))["result"] is None


async def test_no_source_text_is_logged_whatever_fails(raw: Raw) -> None:
    await raw.initialize()
    secret = "s3cr3t"
    raw.open(f"# engine: crash {secret}\nx = \n")
    await raw.complete(1, 4)
    raw.send({"method": "textDocument/didOpen", "params": {"textDocument": {"text": secret}}})
    raw.send({"method": "textDocument/didChange", "params": {"contentChanges": [{"text": secret}]}})
    raw.send(
        {"id": 7, "method": "spanfill/fill", "params": {"textDocument": {"uri": secret}, "mode": secret}}
    )
    answer = await raw.next()
    assert secret not in json.dumps(answer)
    await raw.ask("spanfill/fill", {"textDocument": {"uri": secret}})
    raw.send(f"Content-Length: 9\r\n\r\n{{{secret}}}x".encode())
    await raw.next()
    await raw.ask("shutdown")
    raw.send({"method": "exit"})
    _, errors = await raw.process.communicate()
    assert secret not in errors.decode()
    assert b"was ignored" in errors


async def test_a_client_that_only_stops_reading_ends_the_server(raw: Raw) -> None:
    await raw.initialize()
    raw.process._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
    raw.send({"id": 9, "method": "no/such"})
    async with asyncio.timeout(raw.patience_s):
        assert await raw.process.wait() == 1


async def test_a_cancelled_request_is_answered_as_cancelled(raw: Raw) -> None:
    await raw.initialize({"completion": {"debounceMs": 0}})
    raw.open("# engine: stuck\nx = \n")
    where = {"textDocument": {"uri": Raw.URI}, "position": {"line": 1, "character": 4}}
    for number, (method, more) in enumerate(
        [
            ("spanfill/fill", {}),
            ("textDocument/inlineCompletion", {"context": {"triggerKind": 1}}),
            ("workspace/executeCommand", {}),
        ],
        start=10,
    ):
        params: Any = {**where, **more}
        if method == "workspace/executeCommand":
            params = {"command": "spanfill.fillSelection", "arguments": [where]}
        raw.notifications.clear()
        raw.send({"id": number, "method": method, "params": params})
        while (await raw.until("spanfill/status"))["state"] != "busy":
            pass
        raw.send({"method": "$/cancelRequest", "params": {"id": number}})
        answer = await raw.next()
        assert (answer["id"], answer["error"]["code"]) == (number, -32800)
        while (await raw.until("spanfill/status"))["state"] != "ready":
            pass
    raw.open("# engine: say fine\nx = \n")
    assert (await raw.complete(1, 4))["result"]["items"][0]["insertText"] == "fine"
