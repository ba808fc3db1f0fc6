import pytest

from lsp_server.reuse import Suggestion, SuggestionMemory


def memory() -> SuggestionMemory:
    made = SuggestionMemory()
    made.remember(Suggestion(id="1", uri="u", before="a\nx = ", after="\nz", text="call(1)"))
    return made


def newest(made: SuggestionMemory, uri: str, before: str, after: str) -> Suggestion | None:
    return next(iter(made.recall(uri, before, after)), None)


@pytest.mark.parametrize(
    ("before", "after", "rest"),
    [
        ("a\nx = ", "\nz", "call(1)"),
        ("a\nx = ca", "\nz", "ll(1)"),
        ("a\nx =", "\nz", " call(1)"),
        ("a\nx = call(1)", "\nz", None),  # nothing is left
        ("a\nx = cb", "\nz", None),
        ("a\nx = ", "\ny", None),
        ("a", "\nz", None),  # more than the line was taken back
    ],
)
def test_recall(before: str, after: str, rest: str | None) -> None:
    found = newest(memory(), "u", before, after)
    assert (found.text if found else None) == rest


def test_other_documents_and_closed_ones_have_no_share() -> None:
    made = memory()
    assert newest(made, "v", "a\nx = ", "\nz") is None
    made.forget("u")
    assert newest(made, "u", "a\nx = ", "\nz") is None


def test_the_newest_wins_and_the_oldest_goes() -> None:
    made = memory()
    for number in range(12):
        made.remember(Suggestion(id=str(number), uri="v", before="", after="", text=f"t{number}"))
    assert newest(made, "u", "a\nx = ", "\nz") is None
    found = newest(made, "v", "", "")
    assert found is not None
    assert found.text == "t11"


@pytest.mark.parametrize(
    ("before", "after", "rest"),
    [
        ("a\nx = call(", ")\nz", "1)"),  # typed along, and the editor closed the bracket
        ("a\nx = call(1", ")\nz", ")"),
        ("a\nx = call", ")\nz", None),  # nobody typed an opener
        ("a\nx = call(", "]\nz", None),
        ("a\nx = call(", "))\nz", None),
        ("a\nx = call(", "x\nz", None),
        ("a\nx =", ")\nz", None),
    ],
)
def test_brackets_that_the_editor_closed_are_replaced(before: str, after: str, rest: str | None) -> None:
    found = newest(memory(), "u", before, after)
    assert (found.text if found else None) == rest
    if found:
        assert found.after == "\nz"


def test_several_closers_in_their_order() -> None:
    made = SuggestionMemory()
    made.remember(Suggestion(id="1", uri="u", before="", after="\n", text='f(["a"], 2)'))
    found = newest(made, "u", 'f(["', '"])\n')
    assert found is not None
    assert found.text == 'a"], 2)'
    assert newest(made, "u", 'f(["', ')]"\n') is None


def test_all_that_fit_come_each_once_the_newest_first() -> None:
    made = memory()
    made.remember(Suggestion(id="2", uri="u", before="a\nx = c", after="\nz", text="ount()"))
    made.remember(Suggestion(id="3", uri="u", before="a\nx = c", after="\nz", text="all(1)"))
    assert [kept.text for kept in made.recall("u", "a\nx = c", "\nz")] == ["all(1)", "ount()"]
