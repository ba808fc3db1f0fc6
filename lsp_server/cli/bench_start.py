"""How long a server process takes until it answers: `initialize`, and the first completion."""

from lsp_server.cli.bench_client import BenchClient, now_ms
from lsp_server.cli.bench_plan import Plan
from lsp_server.cli.examples import example
from lsp_server.cli.long_file import gaps
from runtime.errors import SpanfillError

URI = "file:///spanfill-bench/first.py"
PING = "spanfill/ping"
"""A method that the server does not have: the refusal is the quickest answer there is."""

Starts = dict[str, list[float]]


async def starts(plan: Plan) -> Starts:
    """Milliseconds of each of `plan.repeat` starts, by what was waited for.

    Raises:
        SpanfillError: the server ended or did not answer, or the model can't be used.
    """
    times: Starts = {
        "server start to initialize answered": [],
        "server: initialize": [],
        "server start to first completion": [],
    }
    initialized, request, completed = times.values()
    for _ in range(plan.repeat):
        began = now_ms()
        async with BenchClient() as client:
            await client.request("initialize", {"capabilities": {}})
            initialized.append(now_ms() - began)
        async with BenchClient() as client:
            await client.request(PING, None)
            request.append((await client.request("initialize", {"capabilities": {}})).took_ms)
        completed.append(await _first_completion(plan))
    return times


async def _first_completion(plan: Plan) -> float:
    """From starting a process to the first suggestion, asked for as soon as the server takes requests."""
    text = example("inventory.py")
    gap = gaps(text, 3)[1]
    lines = text.split("\n")
    lines[gap.line] = lines[gap.line][: gap.column]
    item = {"uri": URI, "languageId": "python", "version": 1, "text": "\n".join(lines)}
    asked = {
        "textDocument": {"uri": URI},
        "position": {"line": gap.line, "character": gap.column},
        # Invoked: an automatic request is not answered while the model loads, but asked again by the editor.
        "context": {"triggerKind": 1},
    }
    settings = {"model": plan.settings, "completion": {"candidates": 1}}
    began = now_ms()
    async with BenchClient() as client:
        await client.request("initialize", {"capabilities": {}, "initializationOptions": settings})
        client.notify("initialized", {})
        client.notify("textDocument/didOpen", {"textDocument": item})
        answer = await client.request("textDocument/inlineCompletion", asked)
        if answer.error is not None:
            raise SpanfillError(f"The server refused the first completion: {answer.error['message']}")
        return now_ms() - began
