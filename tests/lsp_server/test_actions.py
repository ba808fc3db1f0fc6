from lsprotocol import types

from lsp_server.actions import offers
from lsp_server.open_document import OpenDocument
from lsp_server.positions import Position, Range

TEXT = 'def f(x):\n    """Doc."""\n\n\ndef g(x):\n    # make it a loop\n    return x\n'
PROBLEM = types.Diagnostic(range=types.Range(types.Position(6, 11), types.Position(6, 12)), message="bad")


def titles(start: int, end: int, *, chat: bool, problems: tuple[types.Diagnostic, ...] = ()) -> list[str]:
    document = OpenDocument("u", TEXT, language="python")
    selection = Range(Position(start, 0), Position(end, 0))
    return [offer.title for offer in offers(document, selection, problems, chat=chat)]


def test_without_a_chat_layout_only_fills_are_offered() -> None:
    assert titles(5, 7, chat=False, problems=(PROBLEM,)) == ["Fill selection", "Regenerate function body"]


def test_with_one_instructions_are_offered_too() -> None:
    assert titles(5, 7, chat=True, problems=(PROBLEM,)) == [
        "Fill selection",
        "Regenerate function body",
        "Fix: bad",
        "Rewrite selection: make it a loop",
        "Optimise selection",
        "Explain selection",
    ]


def test_an_empty_body_is_filled_and_not_regenerated() -> None:
    assert titles(0, 0, chat=False) == ["Fill function body"]


def test_a_diagnostics_whole_statement_is_fixed() -> None:
    document, at = OpenDocument("u", TEXT, language="python"), Position(6, 11)
    fix = next(o for o in offers(document, Range(at, at), (PROBLEM,), chat=True) if o.kind == "quickfix")
    assert fix.range == Range(Position(6, 4), Position(6, 12))
    assert fix.diagnostic == PROBLEM


def test_diagnostics_that_say_nothing_are_left_out() -> None:
    silent = types.Diagnostic(range=PROBLEM.range, message=" ")
    assert titles(0, 0, chat=True, problems=(silent,)) == ["Fill function body"]
