"""`spanfill demo`: sets the default model up if needed and fills two holes in real code, live."""

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import ModelError

if TYPE_CHECKING:
    from rich.console import Console

    from lsp_server.cli.filling import Filling
    from runtime import FillEngine, FillResult, Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A hole in an example file."""

    title: str
    file: str
    after: str
    """The hole begins on the line after the one with this text."""
    before: str
    """It ends on the line before the one that has this text next."""
    mode: "Mode"


SCENES = (
    Scene(
        title="A function, from its signature and docstring",
        file="numerals.py",
        after="such as MCMXCIV for 1994.",
        before="def from_roman",
        mode="function",
    ),
    Scene(
        title="A region in the middle of a method, with code on both sides",
        file="inventory.py",
        after="if item.sku in self.items:",
        before="def available",
        mode="region",
    ),
)


def command(
    model: Annotated[
        str | None, typer.Option(help="Model by name or folder.", show_default="default")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Fill a real function and a region, drawn while they settle.

    The default model is fetched and converted first if it is not there.
    """
    from rich.console import Console

    set_up(model)
    console = Console()
    engine = _loaded(console, model, device)
    for scene in SCENES:
        filling = staged(scene)
        console.print()
        console.print(f"{scene.title} ({scene.file})", style="bold", highlight=False)
        if console.is_terminal and not console.is_dumb_terminal:
            _draw(console, engine, filling)
        else:
            _print(engine, filling)


def set_up(model: str | None) -> None:
    """Install the default model where that is what is wanted and it is not there."""
    from runtime import store

    try:
        store.resolve(model)
    except ModelError:
        if store.canonical(model or store.DEFAULT_ALIAS) != store.DEFAULT_MODEL:
            raise
        from export.pull import pull
        from lsp_server.cli.progress import StageBar

        with StageBar() as bar:
            pull(progress=bar)


def staged(scene: Scene) -> "Filling":
    """The scene's hole, its old text forgotten: the model is told nothing of it."""
    from lsp_server.cli.examples import example
    from lsp_server.cli.filling import open_text, prepare
    from lsp_server.cli.place import Span

    text = example(scene.file)
    first = text.index("\n", text.index(scene.after)) + 1
    last = len(text[: text.index(scene.before, first)].rstrip())
    if last < first:
        text = text[:first] + "\n" + text[first:]  # a line of its own for what is to be written
        span = Span(start=first)
    else:
        span = Span(start=first, end=last)
    filling = prepare(open_text(text, scene.file), span, mode=scene.mode)
    return replace(filling, request=replace(filling.request, previous=""))


def _loaded(console: "Console", model: str | None, device: str) -> "FillEngine":
    from runtime import FillEngine

    if not console.is_terminal:
        print("Loading the model", file=sys.stderr)
        return FillEngine.open(model, device=device)
    with console.status("Loading the model"):
        return FillEngine.open(model, device=device)


def _draw(console: "Console", engine: "FillEngine", filling: "Filling") -> None:
    from lsp_server.cli.canvas_view import view_of
    from lsp_server.cli.fill import run

    with view_of(console, filling) as view:
        result = run(engine, filling, view.show)
        view.settle(filling.fitted(result), "")
    for line in figure_lines(result):
        console.print(f"  {line}", highlight=False)


def _print(engine: "FillEngine", filling: "Filling") -> None:
    """The same without a terminal: the finished code, then what it cost."""
    from lsp_server.cli.fill import run

    result = run(engine, filling)
    lines = (filling.before + filling.fitted(result) + filling.after).split("\n")
    first = max(0, filling.first_line - 4)
    last = len(lines) - max(0, filling.after.count("\n") - 4)
    print("\n".join(lines[first:last]))
    print("\n".join(figure_lines(result)), flush=True)


def figure_lines(result: "FillResult") -> list[str]:
    """What a fill cost, in words."""
    seconds = result.total_ms / 1e3
    return [
        f"{result.tokens} tokens in {result.passes} passes: {result.tokens_per_pass:.2f} tokens a pass",
        f"{result.total_ms:,.0f} ms, {result.prefill_ms:,.0f} of them to read {result.prompt_tokens} tokens "
        f"of context: {result.tokens / seconds:.1f} tokens/s",
        f"{result.model} on {result.device}, sampler {result.sampler}",
    ]
