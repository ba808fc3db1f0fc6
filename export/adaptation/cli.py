"""The adapter trainer's command line. Knows options and how to show progress; the work is done elsewhere."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from export.adaptation.settings import Settings
from export.adapter import PROJECTIONS
from runtime.errors import SpanfillError

PACKAGE_LIST = Path(__file__).with_name("packages.json")
MASK_TOKEN = "<|vision_pad|>"
"""A special token of Qwen2.5 that text models never see."""

app = typer.Typer(
    name="python -m export.adaptation",
    help="Trains the mask adapter: what makes a causal model draft many tokens a pass.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Examples = Annotated[Path, typer.Option("--examples", help="Folder of the prepared examples.")]
Checkpoint = Annotated[Path, typer.Option("--checkpoint", help="The base: a GGUF file or a folder.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, or auto.")]
PrecisionOption = Annotated[
    str, typer.Option("--precision", help="Of the frozen base: auto, float32, bfloat16, or int8 (CPUs).")
]
Threads = Annotated[int | None, typer.Option(help="Cores to use; all by default.")]
Rank = Annotated[int, typer.Option(help="Width of the adapters.")]
Projections = Annotated[str, typer.Option(help="Matrices that have one, with commas between.")]
Slots = Annotated[int, typer.Option(help="Masks behind an anchor.")]

DEFAULTS = Settings()
ALL = ",".join(PROJECTIONS)


@app.command()
def pin(
    archives: Annotated[Path, typer.Argument(help="Folder of archives that were fetched.")],
    out: Annotated[Path, typer.Option(help="The list to write.")] = PACKAGE_LIST,
) -> None:
    """Write the list of those archives whose licences are clearly permissive, with versions and hashes."""
    from export.corpus.pinning import pin as run

    console = Console(stderr=True)
    for line in run(archives, out):
        console.print(line, highlight=False)


@app.command()
def prepare(
    model: Annotated[Path, typer.Option(help="Model folder of the base: layouts, tokenizer.")],
    out: Examples = Path("build/adapter/examples"),
    archives: Annotated[Path, typer.Option(help="Folder that keeps the fetched archives.")] = Path(
        "build/adapter/archives"
    ),
    exclude: Annotated[
        list[Path] | None,
        typer.Option(help="Evaluation file whose text must not be in the corpus; repeatable."),
    ] = None,
    limit: Annotated[int, typer.Option(help="Most training examples.")] = 40_000,
    mask: Annotated[str, typer.Option(help="Token that stands for a masked slot.")] = MASK_TOKEN,
    packages: Annotated[Path, typer.Option(help="The package list.")] = PACKAGE_LIST,
    seed: int = 0,
) -> None:
    """Fetch the pinned packages and cut examples out of them, laid out as the runtime will ask."""
    from export.adaptation.prepare import prepare as run
    from export.corpus.packages import read_list

    console = Console(stderr=True)
    with console.status("Preparing") as status:
        said = run(
            read_list(packages),
            archives,
            model,
            exclude or [],
            out,
            status.update,
            limit=limit,
            mask_token=mask,
            seed=seed,
        )
    _answer(said)


@app.command()
def rewrite(
    model: Annotated[Path, typer.Option(help="Model folder whose own text is wanted.")],
    examples: Examples = Path("build/adapter/examples"),
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("build/adapter/own"),
    minutes: Annotated[float, typer.Option(help="Write for this long.")] = 30.0,
    threads: Threads = None,
) -> None:
    """Have the model write the training spans itself, for `train --own`; the next call goes on."""
    from export.adaptation.rewrite import rewrite as run

    console = Console(stderr=True)
    with console.status("Writing") as status:
        count = run(model, examples, out, minutes=minutes, threads=threads, report=status.update)
    console.print(f"{out} holds {count:,} examples in the model's own words.")


@app.command()
def train(
    checkpoint: Checkpoint,
    out: Annotated[Path, typer.Option(help="Folder of the run: state, log and adapter.")] = Path(
        "build/adapter/run"
    ),
    examples: Examples = Path("build/adapter/examples"),
    minutes: Annotated[float | None, typer.Option(help="Length of this leg.")] = None,
    steps: Annotated[int | None, typer.Option(help="Stop at this step.")] = None,
    decay_steps: Annotated[
        int | None, typer.Option(help="Let the rate fall to zero over this many steps, and end the run.")
    ] = None,
    device: Device = "auto",
    precision: PrecisionOption = "auto",
    threads: Threads = None,
    rank: Rank = DEFAULTS.rank,
    projections: Projections = ALL,
    slots: Slots = DEFAULTS.slots,
    attention: Annotated[str, typer.Option(help="causal or bidirectional masks.")] = DEFAULTS.attention,
    teacher: Annotated[str, typer.Option(help="Whose answers masks learn: own or base.")] = DEFAULTS.teacher,
    anchors: Annotated[int, typer.Option(help="Most anchors of an example.")] = DEFAULTS.anchors,
    batch: Annotated[int, typer.Option(help="Examples of a step.")] = DEFAULTS.examples,
    own: Annotated[Path | None, typer.Option(help="Folder that `rewrite` made.")] = None,
    own_share: Annotated[float, typer.Option(help="Share taken from --own.")] = DEFAULTS.own_share,
    learning_rate: Annotated[float, typer.Option(help="Peak rate.")] = DEFAULTS.learning_rate,
    slot_decay: Annotated[float, typer.Option(help="Weight of the next slot.")] = DEFAULTS.slot_decay,
    next_weight: Annotated[float, typer.Option(help="Weight of the next-token loss.")] = DEFAULTS.next_weight,
    keep_weight: Annotated[
        float, typer.Option(help="Share of it that pulls towards the base.")
    ] = DEFAULTS.keep_weight,
    shortlist: Annotated[int, typer.Option(help="Vocabulary rows of the losses.")] = DEFAULTS.shortlist,
    seed: int = DEFAULTS.seed,
    validation_examples: Annotated[int, typer.Option(help="Examples of a point of the curve.")] = 24,
    validate_every: Annotated[int, typer.Option(help="Steps between points of the curve.")] = 200,
    save_every: Annotated[float, typer.Option(help="Seconds between saves.")] = 300.0,
) -> None:
    """Train for a leg, or go on where the run in OUT ended. Ctrl-C saves and stops."""
    _prepare_threads(threads)
    from export.adaptation.base import build_decoder, choose_device, open_base
    from export.adaptation.prepared import load_prepared
    from export.adaptation.store import load_store
    from export.adaptation.train import Progress, Run

    settings = Settings(
        rank=rank,
        projections=_projections(projections),
        slots=slots,
        attention=_choice(attention, "--attention", ("causal", "bidirectional")),
        teacher=_choice(teacher, "--teacher", ("own", "base")),
        anchors=anchors,
        examples=batch,
        own_share=own_share,
        learning_rate=learning_rate,
        slot_decay=slot_decay,
        next_weight=next_weight,
        keep_weight=keep_weight,
        shortlist=shortlist,
        seed=seed,
    )
    prepared = load_prepared(examples)
    own_store = load_store(own, "train") if own is not None else None
    console = Console(stderr=True)
    console.print("Reading the base")
    weights, sha256 = open_base(checkpoint)
    decoder = build_decoder(
        weights, settings, device=choose_device(device), precision=_precision(precision), threads=threads
    )
    run = Run(
        prepared,
        out,
        decoder,
        base_sha256=sha256,
        own=own_store,
        validation_examples=validation_examples,
        validate_every=validate_every,
    )

    def show(now: Progress) -> None:
        console.print(
            f"step {now.step}: masks {now.loss:.3f}, next {now.next_loss:.3f}, "
            f"first slot {now.first_slot:.1%}, {now.tokens_per_s:,.0f} tokens/s, "
            f"{now.elapsed_s / 60:.1f} min",
            highlight=False,
        )

    ended = run.train(
        show, minutes=minutes, stop_after=steps, decay_steps=decay_steps, save_every_s=save_every
    )
    console.print("The run has ended." if ended else f"Saved at step {run.step}. The same command goes on.")


@app.command()
def evaluate(
    adapter: Annotated[Path, typer.Argument(help="The trained adapter.")],
    checkpoint: Checkpoint,
    examples: Examples = Path("build/adapter/examples"),
    count: Annotated[int, typer.Option(help="Validation examples.")] = 200,
    device: Device = "auto",
    precision: PrecisionOption = "auto",
    threads: Threads = None,
    rank: Rank = DEFAULTS.rank,
    projections: Projections = ALL,
    slots: Slots = DEFAULTS.slots,
    seed: int = 0,
) -> None:
    """Agreement by slot, losses and stops on validation examples, as JSON."""
    _prepare_threads(threads)
    from export.adaptation.adapter_file import load_adapter
    from export.adaptation.base import build_decoder, choose_device, open_base
    from export.adaptation.prepared import load_prepared
    from export.adaptation.validate import choose_examples, validate

    prepared = load_prepared(examples)
    weights, _ = open_base(checkpoint)
    settings = Settings(rank=rank, projections=_projections(projections), slots=slots)
    decoder = build_decoder(
        weights, settings, device=choose_device(device), precision=_precision(precision), threads=threads
    )
    load_adapter(adapter, decoder)
    chosen = choose_examples(prepared.validation, count)
    _answer(validate(decoder, chosen, mask=prepared.mask, end_ids=prepared.end_ids, seed=seed))


@app.command()
def cost(
    examples: Examples = Path("build/adapter/examples"),
    slots: Slots = DEFAULTS.slots,
    rank: Rank = DEFAULTS.rank,
    anchors: Annotated[int, typer.Option(help="Most anchors of an example.")] = DEFAULTS.anchors,
    shortlist: Annotated[int, typer.Option(help="Vocabulary rows of the losses.")] = DEFAULTS.shortlist,
) -> None:
    """What a step costs by part, in floating-point operations, as JSON; runs nothing."""
    from export.adaptation.cost import QWEN_HALF_BILLION, mean_example, step_cost
    from export.adaptation.prepared import load_prepared

    settings = Settings(slots=slots, rank=rank, anchors=anchors, shortlist=shortlist)
    sizes = mean_example(load_prepared(examples).train, settings)
    _answer(step_cost(QWEN_HALF_BILLION, settings, sizes))


def _prepare_threads(threads: int | None) -> None:
    """Before torch is imported: its threads must not spin while ONNX Runtime's work."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    if threads:
        torch.set_num_threads(threads)


def _projections(names: str) -> tuple[str, ...]:
    chosen = {name.strip() for name in names.split(",") if name.strip()}
    return tuple(name for name in (*PROJECTIONS, *sorted(chosen - set(PROJECTIONS))) if name in chosen)


def _choice(value: str, option: str, choices: tuple[Any, ...]) -> Any:
    from runtime.errors import UsageError

    if value not in choices:
        raise UsageError(f"{option} takes {' or '.join(choices)}, not {value!r}.")
    return value


def _precision(value: str) -> Any:
    from export.adaptation.base import PRECISIONS

    return _choice(value, "--precision", PRECISIONS)


def _answer(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def main() -> None:
    """Run the command line; a spanfill error is one sentence and its exit status."""
    try:
        app()
    except SpanfillError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False)
        sys.exit(error.exit_status)
