"""The scripted server as the extension starts it, with one behaviour more: a canvas that stops half-way.

A comment `engine: gate FILE TEXT` in the text writes TEXT: all slots are masked first, then a third each is
settled, draft and masked until FILE is there, so that a test can look for as long as it likes.
"""

import re
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "lsp_server"))

from scripted_server import ScriptedEngine, open_scripted

from lsp_server.options import ModelOptions
from lsp_server.stdio import serve_stdio
from runtime import CancelToken, FillRequest, FillResult, Frame, SlotState

POLL_S = 0.01
MASK = "░"


class GatedEngine(ScriptedEngine):
    def _fill(self, request: FillRequest, cancel: CancelToken) -> Iterator[Frame | FillResult]:
        gates = re.findall(r"engine: gate (\S+) (.*)", request.prefix)
        if not gates:
            yield from super()._fill(request, cancel)
            return
        gate, escaped = Path(gates[-1][0]), gates[-1][1]
        tokens = re.findall(r"\s*\S+\s*?", escaped.encode().decode("unicode_escape"))
        for index, settled in enumerate((0, len(tokens) // 3)):
            yield _frame(index + 1, tokens, settled, drafts=settled)
        while not gate.exists():
            cancel.check()
            time.sleep(POLL_S)
        yield _frame(3, tokens, len(tokens), drafts=0)
        said = replace(request, prefix=f"# engine: say {escaped}\n")
        yield from (item for item in super()._fill(said, cancel) if isinstance(item, FillResult))


def _frame(index: int, tokens: list[str], settled: int, *, drafts: int) -> Frame:
    pieces = (
        *((token, SlotState.COMMITTED) for token in tokens[:settled]),
        *((token, SlotState.DRAFT) for token in tokens[settled : settled + drafts]),
        *((MASK, SlotState.MASKED) for _ in tokens[settled + drafts :]),
    )
    return Frame(
        text="".join(text for text, _ in pieces),
        pieces=pieces,
        pass_index=index,
        committed_tokens=settled,
        elapsed_ms=10.0 * index,
        tokens_per_second=100.0,
    )


def open_gated(options: ModelOptions) -> ScriptedEngine:
    usual = open_scripted(options)
    return GatedEngine(usual.name)


if __name__ == "__main__":
    sys.exit(serve_stdio(open_engine=open_gated))  # type: ignore[arg-type]
