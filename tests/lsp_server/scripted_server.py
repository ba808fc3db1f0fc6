"""The real server process around a scripted engine: what it writes is told by the text before the hole.

A comment `engine: NAME ...` in the prefix picks the behaviour, so tests steer it through the protocol.
"""

import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

from lsp_server.network import serve_network
from lsp_server.options import ModelOptions
from lsp_server.stdio import serve_stdio
from runtime import CancelToken, FillRequest, FillResult, Frame, SlotState, SpanfillError

PASS_S = 0.01


class ScriptedEngine:
    def __init__(self, name: str | None) -> None:
        self.name = name or "scripted"
        self.manifest = SimpleNamespace(name=self.name, layouts={"fim": (), "chat": ()})
        self.calls = 0
        self.running = 0

    def fill(self, request: FillRequest, cancel: CancelToken | None = None) -> Iterator[Frame | FillResult]:
        self.calls += 1
        assert self.running == 0, "two fills at once"
        self.running += 1
        try:
            yield from self._fill(request, cancel or CancelToken())
        finally:
            self.running -= 1

    def _fill(self, request: FillRequest, cancel: CancelToken) -> Iterator[Frame | FillResult]:
        directives = re.findall(r"engine: (\w+)(?: (.*))?", request.prefix)
        name, argument = directives[-1] if directives else ("echo", "")
        if name == "crash":
            raise RuntimeError("scripted crash")
        if name == "print":
            print("noise on stdout", flush=True)
            os.write(1, b"noise of native code\r\n\r\n")
        text = {
            "say": argument.encode().decode("unicode_escape"),
            "late": "a = 1\nb = 2\nc =",
            "count": f"call{self.calls}",
            "describe": "|".join((request.mode, request.layout, request.instruction, request.path)),
            "context": repr(request.context),
            "limits": f"{request.mode}|{request.budget_ms}|{request.max_tokens}",
        }.get(name, "value")
        while name == "stuck":  # a pass that only cancelling ends, and no frame before
            cancel.check()
            time.sleep(PASS_S / 10)
        passes = int(argument) if name == "slow" else 3
        cut_off = name == "late"
        if name == "reading":  # a context that is in the cache once it was read
            passes = int(argument) if self.calls == 1 else 1
            cut_off = request.budget_ms is not None and passes * PASS_S * 1000 > request.budget_ms
            text = text[:1] if cut_off else text
        for index in range(passes):
            time.sleep(PASS_S)
            cancel.check()
            shown = text[: len(text) * (index + 1) // passes]
            yield Frame(
                text=shown,
                pieces=((shown, SlotState.COMMITTED),),
                pass_index=index + 1,
                committed_tokens=len(shown),
                elapsed_ms=(index + 1) * PASS_S * 1000,
                tokens_per_second=100.0,
            )
        yield FillResult(
            text=text,
            stop_reason="budget" if cut_off else "end",
            model=self.name,
            sampler="scripted",
            device="cpu",
            layout="fim",
            tokens=len(text),
            passes=passes,
            prompt_tokens=100,
            cached_tokens=50,
            prefill_ms=1.0,
            decode_ms=passes * PASS_S * 1000,
            total_ms=passes * PASS_S * 1000,
            mean_logprob=-3.0 if name == "unsure" else -0.1,
        )

    def complete_several(
        self, request: FillRequest, count: int, cancel: CancelToken | None = None
    ) -> list[FillResult]:
        """`several a/b/c` says each in turn; anything else says one thing."""
        first = next(item for item in self.fill(request, cancel) if isinstance(item, FillResult))
        said = re.findall(r"engine: several (.*)", request.prefix)
        texts = said[-1].split("/")[:count] if said else [first.text]
        return [replace(first, text=text) for text in texts]

    def count_tokens(self, text: str) -> int:
        return len(text) // 3

    def close(self) -> None:
        self.name = "closed"


def open_scripted(options: ModelOptions) -> ScriptedEngine:
    if options.name == "missing":
        raise SpanfillError("There is no model called missing.")
    if options.name == "endless":
        time.sleep(3600)
    return ScriptedEngine(options.name)


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(serve_network(sys.argv[1], sys.argv[2], open_engine=open_scripted))  # type: ignore[arg-type]
    sys.exit(serve_stdio(open_engine=open_scripted))
