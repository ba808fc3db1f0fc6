"""Where nothing is suggested unasked: inside words, with several cursors."""

import pytest
from lsprotocol import types

from lsp_server import gates
from lsp_server.features.synchronization import typed_at_once
from lsp_server.open_document import OpenDocument
from lsp_server.options import Options
from lsp_server.privacy import Privacy


def refused(text: str, offset: int, **document: object) -> str | None:
    made = OpenDocument("file:///w/a.py", text, language="python")
    for name, value in document.items():
        setattr(made, name, value)
    return gates.refusal(made, "/w/a.py", offset, options=Options(), privacy=Privacy(), invoked=False)


@pytest.mark.parametrize("marked", ["he|llo", "a_|b", "x|1", "é|a", "e\u0301|a", "变|量", "_|_"])
def test_inside_a_word(marked: str) -> None:
    assert refused(marked.replace("|", ""), marked.index("|")) is not None


@pytest.mark.parametrize(
    "marked", ["|hello", "hello|", "a |b", "a| b", "f(|)", "a.|b", "|", "\n|\n", "1 +|2"]
)
def test_not_inside_a_word(marked: str) -> None:
    assert refused(marked.replace("|", ""), marked.index("|")) is None


def test_the_text_with_a_selected_completion_counts() -> None:
    document = OpenDocument("file:///w/a.py", "x.apfoo", language="python")
    asked = {"options": Options(), "privacy": Privacy(), "invoked": False}
    assert gates.refusal(document, "/w/a.py", 8, text="x.append\n", **asked) is None  # type: ignore[arg-type]
    assert gates.refusal(document, "/w/a.py", 4, **asked) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("state", [{"cursors": 2}, {"typed_at_once": True}])
def test_several_cursors(state: dict[str, object]) -> None:
    assert refused("x = ", 4, **state) == "there are several cursors"
    assert refused("x = ", 4) is None


def change(text: str, line: int, start: int, end: int, last: int | None = None) -> object:
    span = types.Range(types.Position(line, start), types.Position(line if last is None else last, end))
    return types.TextDocumentContentChangePartial(range=span, text=text)


WHOLE = types.TextDocumentContentChangeWholeDocument(text="x")


@pytest.mark.parametrize(
    ("changes", "several"),
    [
        ([change("a", 3, 1, 1), change("a", 1, 1, 1)], True),
        ([change("", 3, 1, 2), change("", 1, 5, 6)], True),  # backspace
        ([change("\n", 3, 1, 1), change("\n", 2, 1, 1), change("\n", 1, 1, 1)], True),
        ([change("a", 1, 1, 1)], False),
        ([change("a", 1, 1, 1), change("b", 2, 1, 1)], False),  # a formatter
        ([change("a", 1, 1, 1), change("a", 2, 1, 3)], False),
        ([change("a", 1, 1, 1, 2), change("a", 3, 1, 1)], False),
        ([WHOLE, WHOLE], False),
        ([], False),
    ],
)
def test_what_several_cursors_type(
    changes: list[types.TextDocumentContentChangeEvent], several: bool
) -> None:
    assert typed_at_once(changes) is several
