"""Two hundred requests in five seconds, a keystroke before each, on a real model."""

import asyncio
import itertools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
from editor import SERVE, Editor, editing

REQUESTS, SECONDS = 200, 5.0
DOCUMENTS = 5
MOST_GROWTH_BYTES = 12e6
OPTIONS = {"completion": {"debounceMs": 0, "speculate": False, "budgetMs": 60_000}}

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = ("inventory.py", "intervals.py", "numerals.py")


@dataclass
class Typed:
    """One file as it is typed in, at the end of its first function's head."""

    uri: str
    text: str
    line: int
    column: int

    @classmethod
    def number(cls, index: int) -> "Typed":
        text = (EXAMPLES / NAMES[index % len(NAMES)]).read_text()
        line = next(number for number, each in enumerate(text.split("\n")) if "return " in each)
        lines = text.split("\n")
        lines[line] = f"{lines[line][: lines[line].index('return ') + 7]}a{index}"
        return cls(f"file:///workspace/f{index}.py", "\n".join(lines), line, len(lines[line]))

    def type(self, editor: Editor, char: str) -> None:
        editor.edit(self.line, self.column, char, uri=self.uri)
        lines = self.text.split("\n")
        lines[self.line] += char
        self.text, self.column = "\n".join(lines), self.column + 1


def texts(result: Any) -> list[str]:
    return [item.insertText for item in result.items]


async def test_a_burst_of_requests(tiny_model: Path) -> None:
    async with editing(*SERVE, "--model", str(tiny_model)) as editor:
        await editor.initialize(OPTIONS)
        await editor.ready()
        files = [Typed.number(index) for index in range(DOCUMENTS)]
        for file in files:
            editor.open(file.text, uri=file.uri)
            await editor.complete(file.line, file.column, uri=file.uri)
        process = psutil.Process(editor.pid)
        asked: list[tuple[Typed, asyncio.Future[Any]]] = []
        resident = 0
        for number in range(REQUESTS):
            file = files[number // 7 % DOCUMENTS]
            file.type(editor, "abc_9"[number % 5])
            asked.append((replace(file), editor.complete(file.line, file.column, uri=file.uri)))
            if number == REQUESTS // 2:
                resident = process.memory_info().rss
            await asyncio.sleep(SECONDS / REQUESTS)
        async with asyncio.timeout(editor.patience_s):
            answers = [(file, texts(await answer)) for file, answer in asked]
        growth = process.memory_info().rss - resident
        assert growth < MOST_GROWTH_BYTES
        assert answers[-1][1], "the newest request was not answered"
        check_one_at_a_time(editor)
        stats = await editor.request("workspace/executeCommand", {"command": "spanfill.showStats"})
        assert stats.fills + stats.cancelled + stats.reused >= REQUESTS
        answered = [answer for answer in answers if answer[1]]
        print(f"{len(answered)} answered, {stats.cancelled:.0f} cancelled, {growth / 1e6:+.1f} MB")
        for file, shown in answered[-8:]:
            assert shown == await asked_quietly(editor, file)


def check_one_at_a_time(editor: Editor) -> None:
    """No fill began before the one before had ended."""
    states = [status.state for method, status in editor.seen if method == "spanfill/status"]
    began = states[states.index("busy") :]
    assert set(began) == {"busy", "ready"}
    assert all(one != other for one, other in itertools.pairwise(began))


async def asked_quietly(editor: Editor, file: Typed) -> list[str]:
    """What the same place is answered when nothing else is asked and nothing is remembered."""
    editor.close(file.uri)
    editor.open(file.text, uri=file.uri)
    return texts(await editor.complete(file.line, file.column, uri=file.uri))
