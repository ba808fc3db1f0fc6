"""Gates, trigger numbers, statistics and indentation."""

import pytest

from lsp_server import gates, indentation
from lsp_server.open_document import OpenDocument
from lsp_server.options import read_options
from lsp_server.privacy import Privacy
from lsp_server.statistics import Statistics
from lsp_server.trigger_kinds import TriggerNumbering
from runtime import FillResult


@pytest.mark.parametrize(
    ("options", "path", "offset", "invoked", "reason"),
    [
        ({}, "/w/a.py", 5, False, None),
        ({}, "/w/a.py", 2, False, "word"),
        ({}, "/w/a.py", 2, True, None),
        ({}, "/w/.env", 5, True, "secret"),
        ({"files": {"disabledLanguages": ["python"]}}, "/w/a.py", 5, True, "language"),
        ({"files": {"disabledGlobs": ["*.py"]}}, "/w/a.py", 5, True, "file"),
        ({"completion": {"automatic": False}}, "/w/a.py", 5, False, "automatic"),
        ({"completion": {"automatic": False}}, "/w/a.py", 5, True, None),
    ],
)
def test_gates(options: dict, path: str, offset: int, invoked: bool, reason: str | None) -> None:
    document = OpenDocument("u", "hello", language="python")
    read, _ = read_options(options)
    found = gates.refusal(document, path, offset, options=read, privacy=Privacy(), invoked=invoked)
    assert (found is None) if reason is None else (found is not None and reason in found)


def test_trigger_numbers() -> None:
    lsp = TriggerNumbering("Neovim")
    assert [lsp.invoked(kind) for kind in (1, 2)] == [True, False]
    code = TriggerNumbering("Visual Studio Code - Insiders")
    assert [code.invoked(kind) for kind in (1, 0, 1)] == [False, True, False]
    assert [code.invoked(kind) for kind in (2, 1)] == [False, True]  # it speaks LSP after all
    learned = TriggerNumbering()
    assert [learned.invoked(kind) for kind in (1, 0, 1)] == [True, True, False]


def result(**more: float) -> FillResult:
    values = {
        "tokens": 10, "passes": 4, "prompt_tokens": 100, "cached_tokens": 80,
        "prefill_ms": 1.0, "decode_ms": 1.0, "total_ms": 2.0, "mean_logprob": -0.1,
    }  # fmt: skip
    names = dict.fromkeys(("text", "model", "sampler", "device", "layout"), "")
    return FillResult(stop_reason="end", **names, **values | more)  # type: ignore[arg-type]


def test_statistics() -> None:
    statistics = Statistics()
    assert statistics.summary()["latencyMs"] is None
    assert statistics.summary()["acceptance"] is None
    for latency in range(1, 101):
        statistics.add(result(), latency, 1.0)
    summary = statistics.summary()
    assert summary["latencyMs"] == {"p50": 50, "p95": 95, "p99": 99}
    assert summary["tokensPerPass"] == 2.5
    assert summary["cacheHits"] == 0.8


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", "    "),
        ("a\n", "    "),
        ("if a:\n  b\n  if c:\n    d\n", "  "),
        ("f() {\n\tx\n\t\ty\n}\n", "\t"),
        ("def f():\n    a\n    b\n", "    "),
    ],
)
def test_indentation_unit(text: str, unit: str) -> None:
    assert indentation.unit(text) == unit


def test_lines_are_the_protocols() -> None:
    assert indentation.split_lines("a\fb\u2028c\r\nd\re\n") == ["a\fb\u2028c\r\n", "d\r", "e\n"]
    assert "".join(indentation.split_lines("x\r\ry")) == "x\r\ry"
