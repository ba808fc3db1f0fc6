"""Several suggestions for one place: how many, that they differ, and that each can be typed along."""

from editor import Editor

QUIET = {"completion": {"debounceMs": 0, "speculate": False}}
TEXT = "# engine: several alpha(1)/beta(2)/gamma(3)/delta\nx = \n"


async def start(editor: Editor, text: str, **completion: object) -> None:
    await editor.initialize({"completion": {**QUIET["completion"], **completion}})
    await editor.ready()
    editor.open(text)


async def fills(editor: Editor) -> int:
    stats = await editor.request("workspace/executeCommand", {"command": "spanfill.showStats"})
    return int(stats.fills)


def texts(result: object) -> list[str]:
    return [item.insertText for item in result.items]  # type: ignore[attr-defined]


async def test_three_when_invoked(editor: Editor) -> None:
    await start(editor, TEXT)
    result = await editor.complete(1, 4, 1)
    assert texts(result) == ["alpha(1)", "beta(2)", "gamma(3)"]
    assert all(item.range.start.line == item.range.end.line == 1 for item in result.items)
    assert len({item.command.arguments[0] for item in result.items}) == 3


async def test_one_when_automatic(editor: Editor) -> None:
    await start(editor, TEXT)
    assert len((await editor.complete(1, 4, 2)).items) == 1


async def test_as_many_as_the_settings_say(editor: Editor) -> None:
    await start(editor, TEXT, candidates=2)
    assert texts(await editor.complete(1, 4, 1)) == ["alpha(1)", "beta(2)"]


async def test_what_trimming_makes_equal_is_shown_once(editor: Editor) -> None:
    await start(editor, "# engine: several a, b)/a,  b/c\nprint()\n")
    assert texts(await editor.complete(1, 6, 1)) == ["a, b", "c"]


async def test_asking_again_asks_no_model(editor: Editor) -> None:
    await start(editor, TEXT)
    first = await editor.complete(1, 4, 1)
    assert texts(await editor.complete(1, 4, 1)) == texts(first)
    assert await fills(editor) == 1


async def test_the_second_one_can_be_typed_along(editor: Editor) -> None:
    await start(editor, TEXT)
    await editor.complete(1, 4, 1)
    editor.edit(1, 4, "be")
    assert texts(await editor.complete(1, 6)) == ["ta(2)"]
    editor.edit(1, 4, "", deleted=2)
    assert texts(await editor.complete(1, 4)) == ["alpha(1)"]
    assert await fills(editor) == 1


async def test_invoking_after_an_automatic_one_offers_more(editor: Editor) -> None:
    await start(editor, TEXT)
    assert texts(await editor.complete(1, 4)) == ["value"]
    # What is on screen stays there, and stays first.
    assert texts(await editor.complete(1, 4, 1)) == ["value", "alpha(1)", "beta(2)"]


async def test_one_that_goes_on_from_what_is_on_screen_takes_its_place(editor: Editor) -> None:
    await start(editor, "# engine: several value + 1/beta(2)\nx = \n")
    assert texts(await editor.complete(1, 4)) == ["value"]
    assert texts(await editor.complete(1, 4, 1)) == ["value + 1", "beta(2)"]


async def test_what_is_left_of_a_choice_comes_at_once_and_others_on_asking_again(editor: Editor) -> None:
    await start(editor, TEXT)
    await editor.complete(1, 4, 1)
    editor.edit(1, 4, "be")
    assert texts(await editor.complete(1, 6, 1)) == ["ta(2)"]
    assert await fills(editor) == 1
    assert texts(await editor.complete(1, 6, 1)) == ["ta(2)", "alpha(1)", "beta(2)"]
    assert await fills(editor) == 2


async def test_none_of_an_unsure_model(editor: Editor) -> None:
    await start(editor, "# engine: unsure\nx = \n", minConfidence=0.5)
    assert (await editor.complete(1, 4, 1)).items == []
