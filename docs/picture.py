"""Draws README's picture from a real run of the demo: the canvas half-way, then settled.

python docs/picture.py [--model NAME] [--out docs/demo.svg]
"""

import argparse
import io
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI

from lsp_server.cli.canvas_view import figures, view_of
from lsp_server.cli.demo import SCENES, staged
from lsp_server.cli.fill import run
from runtime import FillEngine, Frame

WIDTH = 96


def main() -> None:
    """Run the demo's scenes and save what they look like."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    parser.add_argument("--out", type=Path, default=Path("docs/demo.svg"))
    options = parser.parse_args()
    console = Console(
        record=True, width=WIDTH, height=60, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    engine = FillEngine.open(options.model)
    for scene in SCENES:
        filling = staged(scene)
        frames: list[Frame] = []
        result = run(engine, filling, frames.append)
        view = view_of(console, filling)
        console.print(f"{scene.title} ({scene.file})", style="bold", highlight=False)
        console.print()
        if scene is SCENES[0]:
            frame = frames[len(frames) // 2]
            console.print(
                view.drawn(frame.pieces, f"pass {frame.pass_index}   {frame.committed_tokens} tokens")
            )
            console.print()
        console.print(view.settled(filling.fitted(result), figures(result)))
        console.print()
    options.out.write_text(
        console.export_svg(title="spanfill demo", theme=MONOKAI, unique_id="spanfill"), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
