"""A keystroke changes the prompt's end alone, other files' definitions and edits included."""

from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.context import CHARS_PER_TOKEN, ContextLimits
from lsp_server.documents import Document
from lsp_server.fill_requests import request_for
from lsp_server.neighbours import Neighbours
from lsp_server.open_document import OpenDocument
from lsp_server.positions import Range
from lsp_server.privacy import Privacy
from lsp_server.surroundings import Surroundings
from lsp_server.workspace_files import WorkspaceFiles
from runtime.manifest import Manifest, load_manifest
from runtime.prompts import build_prompt
from runtime.request import FillRequest
from runtime.tokenizer import Tokenizer

LIMITS = ContextLimits(prefix_tokens=120, suffix_tokens=60)
OTHER = "".join(f'def helper_{n}(a, b):\n    """Helps {n} times."""\n    return a\n\n\n' for n in range(6))
ABOVE = "import other\n\n\n" + "".join(
    f"def above_{n}(x):\n    y = other.helper_{n}(x, {n})\n    return y\n\n\n" for n in range(8)
)
BELOW = "\n\n\n" + "".join(f"def below_{n}(x):\n    return above_{7 - n}(x)\n\n\n" for n in range(8))
TYPED = "    total = other.helper_5(above_1(3), 'é🙂')\n    for item in range(total):\n        print(item)\n"


class Typist:
    def __init__(self, root: Path, manifest: Manifest, tokenizer: Tokenizer) -> None:
        (root / "other.py").write_text(OTHER)
        self.path = root / "main.py"
        self.around = Surroundings(WorkspaceFiles([root], Privacy([root])))
        self.ring = Neighbours()
        self.ring.visit(Document("file:///w/third.py", "def third():\n    pass\n"), "third.py", 0)
        self.document = OpenDocument("file:///w/main.py", ABOVE + "def new():\n" + BELOW, language="python")
        self.offset = len(ABOVE) + len("def new():\n")
        self.manifest, self.tokenizer = manifest, tokenizer

    def type(self, character: str) -> None:
        here = self.document.position_at(self.offset)
        self.document.change(character, Range(here, here))
        self.document.version += 1
        self.offset += len(character)

    async def request(self) -> FillRequest:
        self.around.look_up(self.document, self.path, again=True)
        await self.around.settle(self.document, 20_000)
        text = self.document.text
        definitions = self.around.chunks(
            self.document,
            text,
            self.offset,
            limit=400,
            limits=LIMITS,
            name_of=lambda path: path.name,
            own="main.py",
        )
        context = (*definitions, *self.ring.chunks(self.document.uri, 400))
        _, request = request_for(
            text, self.offset, None, None, "python", path="main.py", limits=LIMITS, context=context
        )
        return replace(request, layout="fim")

    def prompt(self, request: FillRequest) -> list[int]:
        return list(build_prompt(self.manifest, self.tokenizer, request).ids)


@pytest.fixture
def typist(tmp_path: Path, tiny_model: Path) -> Typist:
    manifest = load_manifest(tiny_model)
    with_files = replace(manifest.tokens, file_separator=manifest.tokens.eos[-1])
    return Typist(tmp_path, replace(manifest, tokens=with_files), Tokenizer(tiny_model / "tokenizer.json"))


async def test_all_before_the_last_edited_token_is_shared(typist: Typist) -> None:
    lost: list[int] = []
    before = typist.prompt(await typist.request())
    for character in TYPED:
        typist.type(character)
        request = await typist.request()
        assert {"other.py", "third.py"} <= {name for name, _ in request.context}
        now = typist.prompt(request)
        shared = next(
            (n for n, pair in enumerate(zip(before, now, strict=False)) if pair[0] != pair[1]), None
        )
        lost.append(len(before) - (len(before) if shared is None else shared))
        before = now
    # A space before a word is one token with it, an indentation one with the line break before.
    small = [count for count in lost if count <= 4]
    assert sum(small) < 1.5 * len(small)
    # The window's start moves once in a while, and a finished line may name what was not defined yet.
    steps = -(-len(TYPED) // (LIMITS.prefix_tokens * CHARS_PER_TOKEN // 2))
    large = [character for character, count in zip(TYPED, lost, strict=True) if count > 4]
    assert len([character for character in large if character != "\n"]) <= steps
    assert large.count("\n") <= 1
    typist.around.close()


async def test_a_name_that_comes_up_is_defined_from_the_next_line_on(typist: Typist) -> None:
    typist.around.look_up(typist.document, typist.path, again=True)
    for character in "    above_0(1)\n":
        typist.type(character)
    (*_, (name, text), _) = (await typist.request()).context
    assert (name, text) == ("main.py", "def above_0(x): ...\n")
    typist.around.close()
