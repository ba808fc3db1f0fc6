"""`spanfill fill`: fills a place in a file; prints the text, or writes it into the file."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from runtime.errors import UsageError

if TYPE_CHECKING:
    from lsp_server.cli.filling import Filling
    from runtime import FillEngine, FillResult, Frame, Mode


def command(
    place: Annotated[
        str,
        typer.Argument(
            metavar="PATH:LINE[:COLUMN]",
            help="Where to fill, from 1, in characters. No column: where the line's text ends.",
        ),
    ],
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="LINE[:COLUMN]", help="Replace the text from the place to this one."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(help="line, block, function or region.", show_default="the syntax decides"),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model by name or folder.", show_default="default")
    ] = None,
    sampler: Annotated[str | None, typer.Option(help="Sampler by name.", show_default="the model's")] = None,
    length: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help="Masked models: fixed:N, cal, expand-delete, daedal, blocks.",
            show_default="auto",
        ),
    ] = None,
    cache: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help="Masked models: none, prefix, dual or exact; dual:N computes the rows again every N passes.",
            show_default="by the model",
        ),
    ] = None,
    constraint: Annotated[
        str, typer.Option(help="Masked models: syntax keeps the text parseable; none; auto.")
    ] = "none",
    temperature: Annotated[float, typer.Option(help="Masked models: above 0, tokens are sampled.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Of what is sampled.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=NUMBER", help="A setting of the sampler; may be given again."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", help="Most tokens to write.", show_default="by mode")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Put the text into the file.")] = False,
) -> None:
    """Fill a place in a file and print the text.

    On a terminal the canvas is drawn while it settles; elsewhere the text alone goes to stdout.
    """
    _check_mode(mode)
    if max_tokens is not None and max_tokens < 1:
        raise UsageError("--max-tokens must be at least 1.")
    from lsp_server.cli.filling import open_text, prepare
    from lsp_server.cli.place import parse_end, parse_place, span_of
    from lsp_server.cli.source_file import read_source

    path, start = parse_place(place)
    end = None if to is None else parse_end(to)
    source = read_source(path)
    if write:
        source.check_writable()
    document = open_text(source.text, path.name)
    span = span_of(document, str(path), start, end)
    filling = prepare(document, span, mode=cast("Mode | None", mode), max_tokens=max_tokens)
    request = replace(
        filling.request,
        sampler=sampler,
        settings=parse_settings(settings or ()),
        length=length,
        cache=cache,
        constraint=constraint,
        temperature=temperature,
        seed=seed,
    )
    filling = replace(filling, request=request)
    text, result, shown = _run(filling, model=model, device=device, quiet=as_json)
    if write and text:
        source.write(filling.before + text + filling.after)
    if as_json:
        report = _report(str(path), filling, text, result) | {"written": write and bool(text)}
        typer.echo(json.dumps(report, indent=2))
    elif not text:
        print("spanfill: the model has nothing to write here", file=sys.stderr)
    elif write:
        print(f"Filled {place}", file=sys.stderr)
    elif not (shown and sys.stdout.isatty()):
        # Bytes elsewhere than on a terminal: no code page and no line-break translation touches them.
        typer.echo(text if sys.stdout.isatty() else text.encode("utf-8"))


def _check_mode(mode: str | None) -> None:
    modes = ("line", "block", "function", "region")
    if mode is not None and mode not in modes:
        raise UsageError(f"There is no mode {mode!r}; choose one of {', '.join(modes)}.")


def parse_settings(pairs: Sequence[str]) -> dict[str, float]:
    """`KEY=NUMBER` pairs as a mapping.

    Raises:
        UsageError: one is malformed.
    """
    found: dict[str, float] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        try:
            found[key.strip()] = float(value)
        except ValueError:
            raise UsageError(
                f"--set {pair!r} is malformed; write a setting and a number, like tau=0.9."
            ) from None
    return found


def _run(
    filling: "Filling", *, model: str | None, device: str, quiet: bool
) -> tuple[str, "FillResult", bool]:
    """The text, what it cost, and whether it was drawn on a terminal."""
    from rich.console import Console

    from runtime import FillEngine

    console = Console(stderr=True)
    if quiet or not console.is_terminal or console.is_dumb_terminal:
        result = run(FillEngine.open(model, device=device), filling)
        return filling.fitted(result), result, False
    from lsp_server.cli.canvas_view import figures, view_of

    with console.status("Loading the model"):
        engine = FillEngine.open(model, device=device)
    with view_of(console, filling) as view:
        result = run(engine, filling, view.show)
        text = filling.fitted(result)
        view.settle(text, figures(result))
    return text, result, True


def run(
    engine: "FillEngine", filling: "Filling", on_frame: "Callable[[Frame], None] | None" = None
) -> "FillResult":
    """Fill, telling `on_frame` of each pass."""
    from runtime import FillResult

    for item in engine.fill(filling.request):
        if isinstance(item, FillResult):
            return item
        if on_frame is not None:
            on_frame(item)
    raise RuntimeError("the engine ended without a result")


def _report(path: str, filling: "Filling", text: str, result: "FillResult") -> dict[str, Any]:
    """What `--json` prints (docs/cli.md)."""
    return {
        "text": text,
        "path": path,
        "range": {
            "start": _place(filling, filling.hole.start),
            "end": _place(filling, filling.hole.end),
        },
        "mode": filling.hole.mode,
        "model": result.model,
        "sampler": result.sampler,
        "device": result.device,
        "layout": result.layout,
        "stop_reason": result.stop_reason,
        "length_policy": result.length_policy,
        "cache_policy": result.cache_policy,
        "tokens": result.tokens,
        "passes": result.passes,
        "tokens_per_pass": round(result.tokens_per_pass, 3),
        "prompt_tokens": result.prompt_tokens,
        "prefill_ms": round(result.prefill_ms, 1),
        "decode_ms": round(result.decode_ms, 1),
        "total_ms": round(result.total_ms, 1),
    }


def _place(filling: "Filling", offset: int) -> dict[str, int]:
    place = filling.place(offset)
    return {"line": place.line + 1, "column": place.character + 1}
