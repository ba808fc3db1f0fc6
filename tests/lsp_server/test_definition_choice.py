"""Which definitions are shown: the most wanted, within the budget, the same for as long as possible."""

from pathlib import Path

from lsp_server.definition_catalogue import catalogue
from lsp_server.definition_choice import Choice, choose, names_near, shortened
from lsp_server.outline import Definition
from lsp_server.related import Related, Surround


def function(name: str, padding: int = 0) -> Definition:
    return Definition(name, f"def {name}({'x' * padding}): ...", f"def {name}({'x' * padding}):")


def made(*imported: Related, own: tuple[Definition, ...] = ()) -> Surround:
    names = frozenset(one.name for related in imported for one in related.definitions)
    return Surround(imported, own, names)


ONE = Related(Path("/w/one.py"), (function("a"), function("b")), frozenset({"a", "b"}))
TWO = Related(Path("/w/two.py"), (function("c"), function("_d"), function("e")))
TEXT = "from one import a, b\nimport two\n\nb()\nb()\n\nx = 1\n"


def run(
    surround: Surround,
    near: str = "",
    *,
    text: str = TEXT,
    window: str = "",
    limit: int = 1000,
    before: Choice | None = None,
) -> Choice:
    # As in a session: the same surround has the same catalogue.
    same = before is not None and before.catalogue.surround is surround
    known = before.catalogue if before is not None and same else catalogue(surround, text)
    return choose(known, frozenset(near.split()), window, limit, lambda path: path.name, "self.py", before)


def names(choice: Choice) -> list[str]:
    return [line[4 : line.index("(")] for _, text in choice.chunks for line in text.splitlines()]


def test_files_in_the_order_of_their_imports_the_own_one_last() -> None:
    choice = run(made(ONE, TWO, own=(function("f"),)), "f")
    assert choice.chunks == (
        ("one.py", "def a(): ...\ndef b(): ...\n"),
        ("two.py", "def c(): ...\ndef e(): ...\n"),
        ("self.py", "def f(): ...\n"),
    )


def test_what_is_imported_and_not_used_yet_comes_before_what_is() -> None:
    assert names(run(made(ONE, TWO), limit=14)) == ["a"]


def test_then_what_is_used_nearby() -> None:
    assert names(run(made(ONE, TWO), "e", limit=28)) == ["a", "e"]


def test_then_what_is_imported_by_name() -> None:
    assert names(run(made(ONE, TWO), limit=28)) == ["a", "b"]


def test_private_names_are_for_those_who_name_them() -> None:
    assert "_d" not in names(run(made(TWO)))
    assert "_d" in names(run(made(TWO), "_d"))
    named = Related(TWO.path, TWO.definitions, frozenset({"_d"}))
    assert "_d" in names(run(made(named)))


def test_of_files_beside_it_only_what_is_used() -> None:
    beside = Related(TWO.path, TWO.definitions, beside=True)
    assert run(made(beside)).chunks == ()
    assert names(run(made(beside), "c")) == ["c"]


def test_own_definitions_that_are_in_sight_are_not_repeated() -> None:
    own = made(own=(function("f"), function("g")))
    assert names(run(own, "f g", window="...\ndef f():\n...")) == ["g"]


def test_the_budget_is_kept() -> None:
    many = made(Related(Path("/w/m.py"), tuple(function(f"f{n}", n) for n in range(100))))
    for limit in (0, 10, 100, 1000):
        assert sum(len(text) for _, text in run(many, limit=limit).chunks) <= limit


def test_the_choice_lasts_while_it_serves() -> None:
    surround = made(ONE, TWO, own=(function("f"),))
    first = run(surround, "c", limit=42)
    assert run(surround, "c x y", limit=42, before=first) is first
    assert run(surround, "", limit=42, before=first) is first
    # names that come up are added to those that were wanted before
    second = run(surround, "f", limit=42, before=first)
    assert names(second) == ["a", "c", "f"]
    assert run(surround, "c", limit=42, before=second) is second


def test_other_files_or_another_budget_make_another_choice() -> None:
    first = run(made(ONE))
    assert run(made(ONE, TWO), before=first) is not first
    assert run(made(ONE), limit=5, before=first).chunks == ()


def test_the_same_question_has_the_same_answer() -> None:
    surround = made(ONE, TWO, own=(function("f"),))
    assert run(surround, "e f c", limit=50) == run(surround, "c f e", limit=50)


def test_names_near_a_hole_but_not_on_its_line() -> None:
    text = (
        "".join(f"above{n}\n" for n in range(60)) + "here = now\n" + "".join(f"below{n}\n" for n in range(60))
    )
    found = names_near(text, text.index("now"))
    assert "above59" in found
    assert "above20" in found
    assert "above19" not in found
    assert "below11" in found
    assert "below12" not in found
    assert not {"here", "now"} & found


def test_names_at_the_edges_of_a_text() -> None:
    assert names_near("", 0) == frozenset()
    assert names_near("a\nb", 0) == {"b"}
    assert names_near("a\nb", 3) == {"a"}
    assert names_near("a\nb\nc\nd\ne", 4, 2, 7) == {"b", "d"}


def test_a_long_class_loses_members_never_its_head() -> None:
    text = "class A:\n    x: int\n    y: int\n    z: int"
    assert shortened(text, 100) == text
    assert shortened(text, 30) == "class A:\n    x: int\n    y: int"
    assert shortened(text, 1) == "class A:"
    assert shortened("class A {\n  x: T;\n  y: T;\n}", 20) == "class A {\n  x: T;\n}"
